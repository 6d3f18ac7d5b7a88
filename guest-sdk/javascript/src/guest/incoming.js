// A request of the host. Each part costs a call of the host, so a part is read when somebody asks for it.
import { headersOf } from "../web/headers.js";
import { concat } from "../web/bytes.js";
import { shared } from "./shared.js";

// The most that one call may read.
const READ_SIZE = 65_536n;
const METHODS = { get: "GET", post: "POST", put: "PUT", delete: "DELETE", head: "HEAD", options: "OPTIONS" };
const decoder = new TextDecoder();

export class Incoming {
  constructor(request) {
    this.request = request;
    const { tag, val } = request.method();
    this.method = tag === "other" ? val : (METHODS[tag] ?? tag.toUpperCase());
  }

  /** As it was sent. A URL resolves dots. */
  get target() {
    return (this._target ??= this.request.pathWithQuery() ?? "/");
  }

  get scheme() {
    const scheme = this.request.scheme();
    if (scheme === undefined) return "http";
    return scheme.tag === "other" ? scheme.val : scheme.tag.toLowerCase();
  }

  get authority() {
    return this.request.authority() || "localhost";
  }

  get url() {
    return urlOf(this.scheme, this.authority, this.target);
  }

  /** In the order of arrival, with values as bytes. */
  get fields() {
    if (!this._fields) {
      const fields = this.request.headers();
      this._fields = fields.entries();
      fields[Symbol.dispose]();
    }
    return this._fields;
  }

  headers() {
    return headersOf(this.fields, fromBytes);
  }

  /** The value of one header, without an object of all. */
  header(name) {
    if (this._fields) {
      const found = this._fields.find(([key]) => key === name);
      return found && fromBytes(found[1]);
    }
    const fields = this.request.headers();
    const [value] = fields.get(name);
    fields[Symbol.dispose]();
    return value && fromBytes(value);
  }

  get body() {
    return (this._body ??= new Body(this.request));
  }

  close() {
    this._body?.close();
    this.request[Symbol.dispose]();
  }
}

// Not fields of each: defining one takes the engine time.
Object.assign(Incoming.prototype, { _target: undefined, _fields: undefined, _body: undefined });

/** The body as it arrives. */
class Body {
  constructor(request) {
    this.request = request;
    this.body = undefined;
    this.stream = undefined;
    this.ended = false;
  }

  next() {
    if (this.ended) return undefined;
    if (!this.stream) {
      this.body = this.request.consume();
      this.stream = this.body.stream();
    }
    try {
      for (;;) {
        const piece = this.stream.blockingRead(READ_SIZE);
        if (piece.length > 0) return piece;
      }
    } catch (error) {
      const tag = error?.payload?.tag;
      if (tag === undefined) throw error;
      this.close();
      if (tag === "closed") return undefined;
      throw new TypeError("the body of the request broke off");
    }
  }

  all() {
    const chunks = [];
    for (let piece = this.next(); piece; piece = this.next()) chunks.push(piece);
    return chunks.length === 0 ? new Uint8Array(0) : concat(chunks);
  }

  close() {
    this.ended = true;
    this.stream?.[Symbol.dispose]();
    this.body?.[Symbol.dispose]();
    this.stream = this.body = undefined;
  }
}

// In the web's API a header's value is a string with one character for each byte.
export function fromBytes(bytes) {
  return bytes.length < 8192 ? String.fromCharCode.apply(null, bytes) : latin1(bytes);
}

function latin1(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + 8192));
  }
  return text;
}

/** The value of a header as UTF-8, if it is. */
export const utf8 = (bytes) => decoder.decode(bytes);

/** The origins of requests, as a URL writes them: there are few. */
const origins = new Map();
const MOST_ORIGINS = 100;
// A path and a query that a URL leaves as they are: no name that begins with a dot, and no character that it escapes.
const PLAIN_TARGET = /^(?:\/(?!\.|%2[eE])[\w\-~!$&'()*+,;=:@%.]*)+(?:\?[\w\-~!$&()*+,;=:@%./?]*)?$/;

function urlOf(scheme, authority, target) {
  const base = `${scheme}://${authority}`;
  let origin = origins.get(base);
  if (origin === undefined) {
    origin = originOf(base);
    if (origins.size >= MOST_ORIGINS) origins.clear();
    origins.set(base, origin);
  }
  if (PLAIN_TARGET.test(target)) return origin + target;
  if (!target.startsWith("/")) return new URL("/", origin).href;
  return new URL(origin + target).href;
}

function originOf(base) {
  try {
    const url = new URL(base);
    return `${url.protocol}//${url.host}`;
  } catch {
    return "http://localhost";
  }
}

export const lambdaHeader = () => shared.current?.header("x-amzn-lambda-context");
