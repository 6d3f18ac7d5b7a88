// A client's socket of `node:net`, on a connection of the host.
const { Duplex } = require("../stream.js");
const { Buffer } = require("../buffer.js");
const { Connection, systemError } = require("../../guest/connection.js");
const { isIP } = require("./addresses.js");
const { lookup } = require("../dns.js");

/** As Node.js has it. */
const coded = (error, code) => Object.assign(error, { code });

class Socket extends Duplex {
  constructor(options = {}) {
    const given = typeof options === "object" && options !== null ? options : {};
    super({
      allowHalfOpen: given.allowHalfOpen === true,
      decodeStrings: true,
      // The end of both sides is its end.
      autoDestroy: true,
      highWaterMark: given.highWaterMark,
    });
    this.connecting = false;
    this._connection = undefined;
    this._isHeld = true;
    this._wantsData = false;
    this._isReading = false;
    this._timer = undefined;
    this.timeout = 0;
    this.bytesRead = 0;
    this.bytesWritten = 0;
    this._host = null;
    this._hadError = false;
    // `end` of this side follows that of the other one.
    this.on("end", () => {
      if (!this.allowHalfOpen && !this.writableEnded) this.end();
    });
    if (given.signal) this._obey(given.signal);
  }

  _obey(signal) {
    const abort = () => {
      const { reason } = signal;
      this.destroy(Object.assign(new Error("The operation was aborted", { cause: reason }), { name: "AbortError", code: "ABORT_ERR" }));
    };
    if (signal.aborted) queueMicrotask(abort);
    else {
      signal.addEventListener("abort", abort, { once: true });
      this.once("close", () => signal.removeEventListener("abort", abort));
    }
  }

  connect(...values) {
    const { options, done } = arguments_(values);
    if (options.path) throw unixSocket(options.path);
    const port = Number(options.port);
    if (options.port === undefined || options.port === null) {
      throw coded(new TypeError('The "options" or "port" or "path" argument must be specified'), "ERR_MISSING_ARGS");
    }
    if (!Number.isInteger(port) || port < 0 || port > 65_535 || String(options.port).trim() === "") {
      const text = `Port should be >= 0 and < 65536. Received ${JSON.stringify(options.port)}.`;
      throw coded(new RangeError(text), "ERR_SOCKET_BAD_PORT");
    }
    if (this.connecting) throw coded(new Error("Socket is already connecting"), "EALREADY");
    if (this._connection) throw coded(new Error("Socket is already connected"), "EISCONN");
    if (done) this.once("connect", done);
    if (options.noDelay !== undefined) this.setNoDelay(options.noDelay);
    if (options.timeout) this.setTimeout(options.timeout);
    if (options.signal) this._obey(options.signal);
    const host = String(options.host ?? options.hostname ?? "localhost");
    this.connecting = true;
    this._host = host;
    this._touch();
    if (isIP(host)) queueMicrotask(() => this._connect(host, port, undefined));
    else this._lookUp(host, port, options);
    return this;
  }

  _lookUp(host, port, options) {
    const find = typeof options.lookup === "function" ? options.lookup : lookup;
    const settings = { family: options.family ?? 0, hints: options.hints ?? 0, all: false };
    find(host, settings, (error, found, family) => {
      if (!this.connecting || this.destroyed) return;
      const [first] = Array.isArray(found) ? found : [{ address: found, family }];
      this.emit("lookup", error, first?.address, first?.family, host);
      if (error) queueMicrotask(() => this.destroy(error));
      else this._connect(first.address, port, host);
    });
  }

  _connect(address, port, name) {
    if (this.destroyed) return;
    this._port = port;
    this._address = address;
    try {
      this._connection = new Connection(address, port, name, (error) => this._opened(error));
      this._connection.hold(this._isHeld);
    } catch (error) {
      this.destroy(error);
    }
  }

  _opened(error) {
    if (this.destroyed) return;
    this.connecting = false;
    if (error) {
      this.destroy(error);
      return;
    }
    this._touch();
    this.emit("connect");
    this.emit("ready");
    if (this._wantsData) this._read();
    const begin = this._begin;
    this._begin = undefined;
    begin?.();
  }

  _read() {
    this._wantsData = true;
    if (!this._connection || this.connecting || this._isReading || this.destroyed) return;
    this._isReading = true;
    this._connection.whenReadable(() => {
      this._isReading = false;
      this._receive();
    });
  }

  _receive() {
    let bytes;
    try {
      bytes = this._connection.read();
    } catch (error) {
      this.destroy(error);
      return;
    }
    if (bytes === null) {
      this._wantsData = false;
      this.push(null);
      // Who does not read still learns of the end.
      if (this.readableLength === 0) this.resume();
      return;
    }
    if (bytes.length > 0) {
      this._touch();
      this.bytesRead += bytes.length;
      this._wantsData = false;
      const more = this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      if (more) this._wantsData = true;
    }
    if (this._wantsData) this._read();
  }

  _write(chunk, _, done) {
    this._send([chunk], done);
  }

  _writev(chunks, done) {
    this._send([Buffer.concat(chunks.map(({ chunk }) => chunk))], done);
  }

  _send([bytes], done) {
    if (this.connecting || !this._connection) {
      if (!this.connecting) {
        done(coded(new Error("This socket has been ended by the other party"), "EPIPE"));
        return;
      }
      this._begin = () => this._send([bytes], done);
      return;
    }
    let at = 0;
    const go = () => {
      if (this.destroyed) {
        done(coded(new Error("the socket was closed while it was written to"), "ERR_STREAM_DESTROYED"));
        return;
      }
      try {
        while (at < bytes.length) {
          const count = this._connection.write(at === 0 ? bytes : bytes.subarray(at));
          if (count === 0) {
            this._connection.whenWritable(go);
            return;
          }
          at += count;
          this.bytesWritten += count;
          this._touch();
        }
      } catch (error) {
        done(error);
        return;
      }
      done();
    };
    go();
  }

  _final(done) {
    if (this.connecting) {
      this._begin = () => this._final(done);
      return;
    }
    this._connection?.shutdown();
    done();
  }

  _destroy(error, done) {
    this.connecting = false;
    clearTimeout(this._timer);
    this._connection?.close();
    this._connection = undefined;
    this._begin = undefined;
    this._hadError = Boolean(error);
    done(error);
  }

  /** The listener of a socket's end learns whether there was an error. */
  emit(name, ...values) {
    return name === "close" ? super.emit(name, this._hadError) : super.emit(name, ...values);
  }

  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  resetAndDestroy() {
    return this.destroy();
  }

  setTimeout(delay, done) {
    this.timeout = Math.max(Number(delay) || 0, 0);
    if (typeof done === "function") {
      if (this.timeout > 0) this.once("timeout", done);
      else this.removeListener("timeout", done);
    }
    this._touch();
    return this;
  }

  /** Something happens on the connection. */
  _touch() {
    if (this._timer !== undefined) clearTimeout(this._timer);
    this._timer = undefined;
    if (this.timeout === 0 || this.destroyed) return;
    this._timer = setTimeout(() => {
      this._timer = undefined;
      this.emit("timeout");
    }, this.timeout).unref();
  }

  /** The host's connections send at once. */
  setNoDelay() {
    return this;
  }

  /** The host decides what it does for connections that are quiet. */
  setKeepAlive() {
    return this;
  }

  ref() {
    return this._hold(true);
  }

  unref() {
    return this._hold(false);
  }

  _hold(isHeld) {
    this._isHeld = isHeld;
    this._connection?.hold(isHeld);
    return this;
  }

  get pending() {
    return !this._connection || this.connecting;
  }

  get readyState() {
    if (this.connecting) return "opening";
    if (this.readable && this.writable) return "open";
    if (this.readable) return "readOnly";
    return this.writable ? "writeOnly" : "closed";
  }

  get bufferSize() {
    return this.writableLength;
  }

  get remoteAddress() {
    return this._isOpen ? this._address : undefined;
  }

  get remotePort() {
    return this._isOpen ? this._port : undefined;
  }

  get remoteFamily() {
    return this._isOpen ? `IPv${isIP(this._address)}` : undefined;
  }

  get _isOpen() {
    return this._connection !== undefined && !this.connecting;
  }

  get localAddress() {
    return this.address().address;
  }

  get localPort() {
    return this.address().port;
  }

  get localFamily() {
    return this.address().family;
  }

  address() {
    return (this._isOpen && this._connection.local) || {};
  }
}

/** `(options, done)`, `(port, host, done)` or `(path, done)`. */
function arguments_(values) {
  const list = Array.isArray(values[0]) ? values[0] : values;
  const done = list.findLast((value) => typeof value === "function");
  const [first, second] = list;
  if (typeof first === "object" && first !== null) return { options: first, done };
  if (typeof first === "string" && !/^\d+$/.test(first)) return { options: { path: first }, done };
  return { options: { port: first, host: typeof second === "string" ? second : undefined }, done };
}

const unixSocket = (path) =>
  systemError("ENOTSUP", "connect", { host: path }, "a component has no sockets of files: connect to a host and a port");

function connect(...values) {
  const { options, done } = arguments_(values);
  const socket = new Socket(options);
  return socket.connect(options, done);
}

module.exports = { Socket, Stream: Socket, connect, createConnection: connect };
