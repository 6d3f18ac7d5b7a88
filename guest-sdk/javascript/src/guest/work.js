// What an app still has to do after its answer: timers, requests, and promises that it has handed over.
import { isBuilding, whenRunning } from "./phase.js";
import { log } from "./log.js";
import { shared } from "./shared.js";

const native = {
  setTimeout: globalThis.setTimeout.bind(globalThis),
  clearTimeout: globalThis.clearTimeout.bind(globalThis),
  setInterval: globalThis.setInterval.bind(globalThis),
  clearInterval: globalThis.clearInterval.bind(globalThis),
};
export const nativeTimers = native;
/** See promises.js. */
const promises = globalThis[Symbol.for("funcserver.promises")];

let pending = 0;
/** Called when nothing is pending any more. */
let waiting;

export const isIdle = () => pending === 0;
export const begin = () => (pending += 1);

export function end() {
  pending -= 1;
  if (pending === 0 && waiting) {
    const resolve = waiting;
    waiting = undefined;
    resolve();
  }
}

let calls = 0;
/** How many requests by `fetch` are under way, and parts of their answers. */
export const callsUnderWay = () => calls;
export function beginCall() {
  calls += 1;
  begin();
}
export function endCall() {
  calls -= 1;
  end();
}

/** When all of the work has ended. */
export function idle() {
  return new Promise((resolve) => {
    waiting = resolve;
  });
}

/** Waits for a promise before the request ends. @template T @param {Promise<T>} promise */
export function hold(promise) {
  begin();
  promise.then(end, end);
  return promise;
}

/** As `waitUntil` of other runtimes: a failure is in the log. */
export function waitUntil(promise) {
  hold(Promise.resolve(promise)).catch((error) => log.failure(error, "work after the answer"));
}

shared.waitUntil = waitUntil;
shared.work = { begin, end };

/** @type {Map<number, Timeout>} */
const byId = new Map();
let lastId = 0;

/** How long it is until the first of the app's timers, in milliseconds. */
export function msToNextTimer() {
  let first = Infinity;
  for (const { _due } of byId.values()) if (_due < first) first = _due;
  return Math.max(first - performance.now(), 0);
}

let quiet = 0;
/** Whether a timer is set that may settle a promise, and that no request waits for after its answer. */
export const hasQuietTimers = () => quiet > 0;

/** A timer, with the methods that those of Node.js have. */
export class Timeout {
  constructor(action, delay, values, repeats, isQuiet = false) {
    this._action = promises.bound(action);
    this._delay = Math.min(Math.max(Number(delay) || 0, 0), 0x7fffffff);
    this._values = values;
    this._repeats = repeats;
    // Work that never ends is not waited for.
    this._held = !repeats && !isQuiet;
    this._isQuiet = isQuiet && !repeats;
    if (this._isQuiet) quiet += 1;
    this._counted = false;
    this._handle = undefined;
    this._id = lastId += 1;
    this._live = true;
    byId.set(this._id, this);
    if (isBuilding()) {
      shared.hasTimers = true;
      whenRunning(() => this._live && this._start());
    } else {
      this._start();
    }
  }

  _start() {
    if (this._held && !this._counted) {
      this._counted = true;
      begin();
    }
    const { setTimeout, setInterval } = native;
    if (shared.waiting) this._due = performance.now() + this._delay;
    // The engine has no timers of less than a millisecond that repeat.
    if (this._repeats) this._handle = setInterval(() => this._run(), Math.max(this._delay, 1));
    else this._handle = setTimeout(() => this._run(), this._delay);
  }

  _run() {
    if (!this._live) return;
    if (!this._repeats) {
      this._live = false;
      byId.delete(this._id);
    } else if (shared.waiting) {
      this._due = performance.now() + this._delay;
    }
    try {
      this._action(...this._values);
    } catch (error) {
      log.failure(error, "a timer");
    } finally {
      if (!this._live) this._release();
    }
  }

  _release() {
    if (this._isQuiet) {
      this._isQuiet = false;
      quiet -= 1;
    }
    if (!this._counted) return;
    this._counted = false;
    // Promises that the timer has settled run on first.
    queueMicrotask(() => queueMicrotask(end));
  }

  close() {
    if (!this._live) return this;
    this._live = false;
    byId.delete(this._id);
    if (this._handle !== undefined) (this._repeats ? native.clearInterval : native.clearTimeout)(this._handle);
    this._release();
    return this;
  }

  refresh() {
    if (!this._live || this._handle === undefined) return this;
    (this._repeats ? native.clearInterval : native.clearTimeout)(this._handle);
    this._start();
    return this;
  }

  ref() {
    // Undone by nobody: what calls this wants to be waited for.
    this._held = true;
    if (this._live && this._handle !== undefined && !this._counted) {
      this._counted = true;
      begin();
    }
    return this;
  }

  unref() {
    this._held = false;
    if (this._counted) {
      this._counted = false;
      end();
    }
    return this;
  }

  hasRef() {
    return this._held;
  }

  [Symbol.toPrimitive]() {
    return this._id;
  }

  [Symbol.dispose]() {
    this.close();
  }
}

function timer(action, delay, values, repeats, isQuiet) {
  if (typeof action !== "function") throw new TypeError("the first argument of a timer is a function");
  return new Timeout(action, delay, values, repeats, isQuiet);
}

/** For the clients of servers, whose timers end what is idle and try again what has failed: see build/clients.js. */
shared.quietTimeout = (action, delay, ...values) => timer(action, delay, values, false, true);

export const setTimeout = (action, delay, ...values) => timer(action, delay, values, false);
export const setInterval = (action, delay, ...values) => timer(action, delay, values, true);
export const setImmediate = (action, ...values) => timer(action, 0, values, false);

export function clearTimeout(given) {
  if (given === undefined || given === null) return;
  (given instanceof Timeout ? given : byId.get(Number(given)))?.close();
}
export const clearInterval = clearTimeout;
export const clearImmediate = clearTimeout;

Object.assign(globalThis, { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate });
