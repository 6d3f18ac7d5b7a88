// `MessageChannel`, which the engine lacks: libraries put off work with it.
import { setImmediate } from "../guest/work.js";

export class MessageEvent extends Event {
  constructor(type, { data = null, origin = "", lastEventId = "", source = null, ports = [] } = {}) {
    super(type);
    Object.assign(this, { data, origin, lastEventId, source, ports });
  }
}

export class MessagePort extends EventTarget {
  constructor() {
    super();
    this._other = undefined;
    this._listener = null;
    this._waiting = [];
    this._started = false;
  }

  postMessage(value) {
    const other = this._other;
    if (!other) return;
    other._waiting.push(structuredClone(value));
    if (other._started) other._deliver();
  }

  _deliver() {
    for (const data of this._waiting.splice(0)) {
      setImmediate(() => this._started && this.dispatchEvent(new MessageEvent("message", { data })));
    }
  }

  start() {
    this._started = true;
    this._deliver();
  }

  close() {
    this._started = false;
    if (this._other) this._other._other = undefined;
    this._other = undefined;
  }

  get onmessage() {
    return this._listener;
  }

  set onmessage(listener) {
    if (this._listener) this.removeEventListener("message", this._listener);
    this._listener = listener;
    if (listener) this.addEventListener("message", listener);
    this.start();
  }

  // The names of Node.js.
  on(name, listener) {
    this.addEventListener(name, ({ data }) => listener(data));
    if (name === "message") this.start();
    return this;
  }

  ref() {}
  unref() {}
}

export class MessageChannel {
  constructor() {
    this.port1 = new MessagePort();
    this.port2 = new MessagePort();
    this.port1._other = this.port2;
    this.port2._other = this.port1;
  }
}
