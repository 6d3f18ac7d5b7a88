// `node:http`, whose server is the component: the listener that a program starts answers the requests of the host.
const { EventEmitter } = require("./events.js");
const { Readable, Writable } = require("./stream.js");
const { Buffer } = require("./buffer.js");
const { fromBytes } = require("../guest/incoming.js");
const { toBytes } = require("../guest/reply.js");
const { shared } = require("../guest/shared.js");
const hold = () => shared.work?.begin();
const release = () => shared.work?.end();
const { STATUS_CODES } = require("./http/codes.js");

const METHODS =
  "ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE".split(
    " ",
  );
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);
// Of these the first counts, as in Node.js.
const SINGLE = new Set(
  "age authorization content-length content-type etag expires from host if-modified-since if-unmodified-since last-modified location max-forwards proxy-authorization referer retry-after server user-agent".split(
    " ",
  ),
);

/** What libraries look at in a connection. */
class Connection extends EventEmitter {
  constructor(incoming) {
    super();
    const address = incoming.header("x-funcserver-client");
    this.readable = this.writable = true;
    this.destroyed = false;
    this.encrypted = incoming.scheme === "https";
    this.remoteAddress = address ?? "127.0.0.1";
    this.remotePort = 0;
    this.remoteFamily = this.remoteAddress.includes(":") ? "IPv6" : "IPv4";
    this.localAddress = "127.0.0.1";
    this.localPort = this.encrypted ? 443 : 80;
  }

  setTimeout() {
    return this;
  }

  setKeepAlive() {
    return this;
  }

  setNoDelay() {
    return this;
  }

  cork() {}
  uncork() {}
  ref() {}
  unref() {}
  pause() {}
  resume() {}

  address() {
    return { address: this.localAddress, family: "IPv4", port: this.localPort };
  }

  end() {}
  destroySoon() {}

  destroy() {
    this.destroyed = true;
    return this;
  }
}

class IncomingMessage extends Readable {
  constructor(incoming, connection) {
    super({ autoDestroy: false });
    this._incoming = incoming;
    this.method = incoming?.method;
    this.url = incoming?.target;
    this.socket = this.connection = connection;
    this.httpVersion = "1.1";
    this.httpVersionMajor = this.httpVersionMinor = 1;
    this.complete = false;
    this.aborted = false;
    this.trailers = {};
    this.rawTrailers = [];
  }

  get headers() {
    return (this._headers ??= headersOf(this._incoming.fields));
  }

  set headers(value) {
    this._headers = value;
  }

  get headersDistinct() {
    const found = Object.create(null);
    for (const [name, value] of this._incoming.fields) (found[name.toLowerCase()] ??= []).push(fromBytes(value));
    return found;
  }

  get rawHeaders() {
    return this._incoming.fields.flatMap(([name, value]) => [name, fromBytes(value)]);
  }

  setTimeout() {
    return this;
  }

  _read() {
    let piece;
    try {
      piece = this._incoming.body.next();
    } catch (error) {
      this.destroy(error);
      return;
    }
    if (piece) {
      this.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    } else {
      this.complete = true;
      this.push(null);
    }
  }
}

function headersOf(entries) {
  const found = {};
  for (const [key, bytes] of entries) {
    const name = key.toLowerCase();
    const value = fromBytes(bytes);
    if (name === "set-cookie") (found[name] ??= []).push(value);
    else if (!Object.hasOwn(found, name)) define(found, name, value);
    else if (!SINGLE.has(name)) found[name] += (name === "cookie" ? "; " : ", ") + value;
  }
  return found;
}

/** A header may be called `__proto__`. */
const define = (object, name, value) =>
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });

const NAME = /^[\w!#$%&'*+\-.^`|~]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const coded = (error, code) => Object.assign(error, { code });

/** As in Node.js, what cannot be sent is an error where it is set. */
function checkHeader(name, value) {
  if (!NAME.test(name)) {
    throw coded(new TypeError(`Header name must be a valid HTTP token ["${name}"]`), "ERR_INVALID_HTTP_TOKEN");
  }
  if (value === undefined) {
    throw coded(new TypeError(`Invalid value "undefined" for header "${name}"`), "ERR_HTTP_INVALID_HEADER_VALUE");
  }
  const isSent = Array.isArray(value) ? value.every((one) => VALUE.test(one)) : VALUE.test(value);
  if (!isSent) throw coded(new TypeError(`Invalid character in header content ["${name}"]`), "ERR_INVALID_CHAR");
}

class OutgoingMessage extends Writable {
  constructor() {
    super({ decodeStrings: true, autoDestroy: false });
    this.headersSent = false;
    this.finished = false;
    this.sendDate = false;
    this._fields = new Map();
  }

  setHeader(name, value) {
    this._refuseSent("set");
    checkHeader(name, value);
    this._fields.set(String(name).toLowerCase(), [String(name), value]);
    return this;
  }

  _refuseSent(what) {
    if (!this.headersSent) return;
    throw coded(new Error(`Cannot ${what} headers after they are sent to the client`), "ERR_HTTP_HEADERS_SENT");
  }

  setHeaders(headers) {
    for (const [name, value] of headers) this.setHeader(name, value);
    return this;
  }

  appendHeader(name, value) {
    const before = this.getHeader(name);
    return this.setHeader(name, before === undefined ? value : [before, value].flat());
  }

  getHeader(name) {
    return this._fields.get(String(name).toLowerCase())?.[1];
  }

  getHeaders() {
    const found = Object.create(null);
    for (const [name, [, value]] of this._fields) found[name] = value;
    return found;
  }

  getHeaderNames() {
    return [...this._fields.keys()];
  }

  getRawHeaderNames() {
    return [...this._fields.values()].map(([name]) => name);
  }

  hasHeader(name) {
    return this._fields.has(String(name).toLowerCase());
  }

  removeHeader(name) {
    this._refuseSent("remove");
    this._fields.delete(String(name).toLowerCase());
  }

  setTimeout() {
    return this;
  }

  addTrailers() {}
  cork() {}
  uncork() {}
}

class ServerResponse extends OutgoingMessage {
  constructor(request) {
    super();
    this.req = request;
    this.socket = this.connection = request.socket;
    this.statusCode = 200;
    this.statusMessage = undefined;
    this._reply = undefined;
    this._begun = false;
  }

  writeHead(status, reason, headers) {
    this._refuseSent("write");
    const code = Math.trunc(Number(status));
    if (!(code >= 100 && code <= 999)) {
      throw coded(new RangeError(`Invalid status code: ${status}`), "ERR_HTTP_INVALID_STATUS_CODE");
    }
    if (typeof reason === "string") this.statusMessage = reason;
    else this.statusMessage ||= STATUS_CODES[code] ?? "unknown";
    this.statusCode = code;
    const given = typeof reason === "string" ? headers : (reason ?? headers);
    if (Array.isArray(given)) this._replaceHeaders(given);
    else for (const [name, value] of Object.entries(given ?? {})) this.setHeader(name, value);
    this.headersSent = true;
    return this;
  }

  /** Those of a list replace what was set before. A name may occur several times in it. */
  _replaceHeaders(list) {
    const pairs = Array.isArray(list[0]) ? list : [];
    if (pairs !== list) {
      if (list.length % 2 !== 0) {
        throw coded(new TypeError("a list of headers has a value for each name"), "ERR_INVALID_ARG_VALUE");
      }
      for (let at = 0; at < list.length; at += 2) pairs.push([list[at], list[at + 1]]);
    }
    for (const [name] of pairs) this.removeHeader(name);
    for (const [name, value] of pairs) this.appendHeader(name, value);
  }

  /** Libraries replace `writeHead` to add headers at the last moment, and rely on this call of it. */
  _implicitHeader() {
    this.writeHead(this.statusCode);
  }

  /** Older libraries look here for whether the head is written. */
  get _header() {
    return this.headersSent ? `HTTP/1.1 ${this.statusCode} ${this.statusMessage}\r\n` : null;
  }

  flushHeaders() {
    this._begin();
  }

  writeContinue() {}
  writeProcessing() {}
  writeEarlyHints(_, done) {
    done?.();
  }

  assignSocket() {}
  detachSocket() {}

  _begin() {
    if (this._begun) return;
    if (!this.headersSent) this._implicitHeader();
    this._begun = true;
    const list = [];
    for (const [name, [, value]] of this._fields) {
      if (HOP_BY_HOP.has(name)) continue;
      for (const one of Array.isArray(value) ? value : [value]) list.push([name, toBytes(String(one))]);
    }
    this._reply.begin(this.statusCode, list);
    if (this.statusCode === 204 || this.statusCode === 304) this._reply.isHead = true;
  }

  write(chunk, encoding, done) {
    if (this.writableEnded) return super.write(chunk, encoding, done);
    // As bytes at once: a text with its encoding would be copied twice.
    return super.write(chunk, encoding, done);
  }

  _write(chunk, _, done) {
    try {
      this._begin();
      this._reply.write(chunk);
      done();
    } catch (error) {
      done(error);
    }
  }

  end(chunk, encoding, done) {
    super.end(chunk, encoding, done);
    this.finished = true;
    return this;
  }

  _final(done) {
    try {
      this._begin();
      this._reply.end();
      done();
    } catch (error) {
      done(error);
    }
  }

  _destroy(error, done) {
    if (this._reply && this._reply.begun) this._reply.breakOff();
    done(error);
    this._settle?.();
  }
}

/** Answers a request of the host by a listener. */
shared.nodeAnswer = (listener, incoming, reply) =>
  new Promise((resolve, reject) => {
    const request = new IncomingMessage(incoming, new Connection(incoming));
    const response = new ServerResponse(request);
    response._reply = reply;
    const settle = () => {
      response._settle = undefined;
      resolve();
      response.emit("close");
      request.emit("close");
    };
    response._settle = settle;
    response.on("finish", settle);
    response.on("error", reject);
    const result = listener.call(response, request, response);
    if (typeof result?.then === "function") result.then(undefined, reject);
  });

class Server extends EventEmitter {
  constructor(settings, listener) {
    super();
    const action = typeof settings === "function" ? settings : listener;
    if (action) this.on("request", action);
    this.listening = false;
    this.timeout = this.keepAliveTimeout = this.headersTimeout = this.requestTimeout = 0;
    this.maxHeadersCount = null;
  }

  listenerOf() {
    return (request, response) => {
      const listeners = this.listeners("request");
      if (listeners.length === 0) throw new Error("the server of node:http has no listener for requests");
      let last;
      for (const listener of listeners) last = listener.call(this, request, response);
      return last;
    };
  }

  /** The port is the host's. */
  listen(...values) {
    const done = values.findLast((value) => typeof value === "function");
    const port = values.find((value) => typeof value === "number" || /^\d+$/.test(value)) ?? values[0]?.port;
    this._port = Number(port) || 8080;
    this.listening = true;
    shared.listener ??= this.listenerOf();
    if (done) this.once("listening", done);
    queueMicrotask(() => this.emit("listening"));
    return this;
  }

  address() {
    return this.listening ? { address: "127.0.0.1", family: "IPv4", port: this._port } : null;
  }

  close(done) {
    this.listening = false;
    if (done) queueMicrotask(() => done());
    return this;
  }

  closeAllConnections() {}
  closeIdleConnections() {}
  getConnections(done) {
    done(null, 0);
  }

  setTimeout() {
    return this;
  }

  ref() {
    return this;
  }

  unref() {
    return this;
  }

  async [Symbol.asyncDispose]() {
    this.close();
  }
}

class Agent extends EventEmitter {
  constructor(options = {}) {
    super();
    this.options = options;
    this.maxSockets = Infinity;
    this.requests = this.sockets = this.freeSockets = {};
  }

  destroy() {}
}

/** As Node.js has it. The host alone knows whether the server refused or broke off. */
function networkError(error) {
  if (!(error instanceof TypeError) || error.message !== "fetch failed") return error;
  return coded(new Error(error.cause.message, { cause: error.cause.cause }), "ECONNREFUSED");
}

/** What libraries look at in the connection of a request, which is the host's. */
class ClientSocket extends EventEmitter {
  constructor(request) {
    super();
    this._request = request;
    this.connecting = false;
    this.readable = this.writable = true;
    this.destroyed = false;
    this.encrypted = request.protocol === "https:";
    this.remoteAddress = request.host;
  }

  /** Nothing has come for so long. */
  setTimeout(delay, done) {
    if (done) this.once("timeout", done);
    this._delay = delay;
    this._stir();
    return this;
  }

  /** Something has come. */
  _stir() {
    clearTimeout(this._timer);
    if (this._delay > 0 && !this.destroyed) this._timer = setTimeout(() => this.emit("timeout"), this._delay).unref();
  }

  _end() {
    this.destroyed = true;
    clearTimeout(this._timer);
  }

  setKeepAlive() {
    return this;
  }

  setNoDelay() {
    return this;
  }

  ref() {
    return this;
  }

  unref() {
    return this;
  }

  destroy(error) {
    this._request.destroy(error);
    return this;
  }
}

/** A request by `fetch`: the host opens the connection. */
class ClientRequest extends OutgoingMessage {
  constructor(url, settings, done, scheme) {
    super();
    const { address, options } = target(url, settings, scheme);
    const answered = typeof settings === "function" ? settings : done;
    this.method = (options.method ?? "GET").toUpperCase();
    this.path = `${address.pathname}${address.search}`;
    this.host = address.hostname;
    this.protocol = address.protocol;
    this.aborted = false;
    this.reusedSocket = false;
    this._address = address;
    this._chunks = [];
    this._stop = new AbortController();
    for (const [name, value] of Object.entries(options.headers ?? {})) this.setHeader(name, value);
    if (options.auth) this.setHeader("authorization", `Basic ${Buffer.from(options.auth).toString("base64")}`);
    options.signal?.addEventListener("abort", () => this.destroy(options.signal.reason));
    if (answered) this.once("response", answered);
    if (options.timeout) this.setTimeout(options.timeout);
    // As in Node.js, when the caller has had the time to listen.
    queueMicrotask(() => this._connect());
  }

  /** The host asks the server itself whether it wants the body. */
  _connect() {
    if (this.destroyed) return;
    this.socket = this.connection = new ClientSocket(this);
    this.emit("socket", this.socket);
    if (String(this.getHeader("expect")).toLowerCase() === "100-continue") this.emit("continue");
  }

  setTimeout(delay, done) {
    if (done) this.once("timeout", done);
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this.emit("timeout"), delay).unref();
    return this;
  }

  setNoDelay() {}
  setSocketKeepAlive() {}
  flushHeaders() {}

  abort() {
    this.aborted = true;
    this.destroy();
  }

  _write(chunk, _, done) {
    this._chunks.push(chunk);
    done();
  }

  _final(done) {
    this.headersSent = true;
    this._send().catch((error) => {
      // Who destroyed it is told by the stream.
      if (!this.destroyed) this.destroy(networkError(error));
    });
    done();
  }

  _destroy(error, done) {
    const reason = error ?? (this.res ? null : coded(new Error("socket hang up"), "ECONNRESET"));
    this._stop.abort(reason ?? new Error("the request was destroyed"));
    clearTimeout(this._timer);
    this.socket?._end();
    done(reason);
  }

  async _send() {
    const headers = [];
    for (const [name, [, value]] of this._fields) {
      if (HOP_BY_HOP.has(name) || name === "host" || name === "expect") continue;
      for (const one of [value].flat()) headers.push([name, String(one)]);
    }
    const body = this._chunks.length > 0 ? Buffer.concat(this._chunks) : undefined;
    const bodiless = this.method === "GET" || this.method === "HEAD";
    hold();
    try {
      const response = await fetch(this._address.href, {
        method: this.method,
        headers,
        body: bodiless ? undefined : body,
        redirect: "manual",
        signal: this._stop.signal,
      });
      clearTimeout(this._timer);
      this.socket._stir();
      this.res = new ClientResponse(response, this);
      this.emit("response", this.res);
    } finally {
      release();
    }
  }
}

class ClientResponse extends Readable {
  constructor(response, request) {
    super();
    this.req = request;
    this.statusCode = response.status;
    this.statusMessage = response.statusText || STATUS_CODES[response.status];
    this.httpVersion = "1.1";
    this.httpVersionMajor = this.httpVersionMinor = 1;
    this.headers = {};
    this.rawHeaders = [];
    for (const [name, value] of response.headers) {
      this.rawHeaders.push(name, value);
      if (name === "set-cookie") (this.headers[name] ??= []).push(value);
      else define(this.headers, name, value);
    }
    this.trailers = {};
    this.complete = false;
    this.socket = this.connection = request.socket;
    this._reader = response.body?.getReader();
    // The request is closed when its answer is, as in Node.js: libraries end their timers then.
    this.once("close", () => request.destroy());
  }

  setTimeout() {
    return this;
  }

  async _read() {
    try {
      const { value, done } = (await this._reader?.read()) ?? { done: true };
      this.socket._stir();
      if (done) this.complete = true;
      this.push(done ? null : Buffer.from(value));
    } catch (error) {
      this.aborted = true;
      this.emit("aborted");
      this.destroy(coded(new Error("aborted", { cause: error }), "ECONNRESET"));
    }
  }
}

function target(url, settings, scheme) {
  const given = typeof settings === "object" && settings !== null ? settings : {};
  if (typeof url === "string" || url instanceof URL) return { address: new URL(url), options: given };
  const options = url ?? {};
  const protocol = options.protocol ?? `${scheme}:`;
  const host = options.hostname ?? String(options.host ?? "localhost").replace(/:\d+$/, "");
  const port = options.port ? `:${options.port}` : "";
  const path = options.path ?? "/";
  checkPath(path);
  return { address: new URL(`${protocol}//${host}${port}${path}`), options };
}

const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?=[/?#]|$)/i;

/** Another path than the one that was asked for may be that of another object. */
function checkPath(path) {
  const [, before] = /^([^?#]*)/.exec(path);
  if (!DOT_SEGMENT.test(before)) return;
  throw coded(
    new TypeError(`the path ${before} has a segment "." or "..", which fetch leaves out, and a component sends requests by fetch`),
    "ERR_UNESCAPED_CHARACTERS",
  );
}

/** The module for a scheme. */
function http(scheme) {
  const request = (url, settings, done) => new ClientRequest(url, settings, done, scheme);
  return {
    METHODS,
    STATUS_CODES,
    Agent,
    ClientRequest,
    IncomingMessage,
    OutgoingMessage,
    Server,
    ServerResponse,
    createServer: (settings, listener) => new Server(settings, listener),
    globalAgent: new Agent(),
    maxHeaderSize: 16_384,
    request,
    get(url, settings, done) {
      const sent = request(url, settings, done);
      sent.end();
      return sent;
    },
    validateHeaderName(name) {
      if (!/^[\w!#$%&'*+\-.^`|~]+$/.test(name)) throw new TypeError(`Header name must be a valid HTTP token ["${name}"]`);
    },
    validateHeaderValue(name, value) {
      if (value === undefined) throw new TypeError(`Invalid value "undefined" for header "${name}"`);
    },
  };
}

module.exports = { ...http("http"), forScheme: http };
