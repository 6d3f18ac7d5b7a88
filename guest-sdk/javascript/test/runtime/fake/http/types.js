// `wasi:http/types`, as strict as the host is.
import { host, HostError, Resource } from "../host.js";

const NAME = /^[\w!#$%&'*+\-.^`|~]+$/;
const FORBIDDEN = /^(?:connection|keep-alive|proxy-connection|transfer-encoding|upgrade|host|http2-settings)$/i;
const METHODS = new Set(["get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"]);
const MOST_WRITTEN = 4096;

const isValue = (bytes) => bytes.every((byte) => byte === 9 || (byte >= 32 && byte !== 127));

export class Fields extends Resource {
  constructor(list, parent) {
    super(parent);
    this.list = list;
  }

  static fromList(list) {
    for (const [name, value] of list) {
      if (!(value instanceof Uint8Array)) throw new TypeError("the value of a header is bytes");
      if (FORBIDDEN.test(name)) throw new HostError({ tag: "forbidden" });
      if (!NAME.test(name) || !isValue(value)) throw new HostError({ tag: "invalid-syntax" });
    }
    return new Fields(list.map(([name, value]) => [name, value.slice()]));
  }

  clone() {
    this.use();
    return new Fields(this.entries());
  }

  entries() {
    this.use();
    return this.list.map(([name, value]) => [name, value.slice()]);
  }

  get(name) {
    this.use();
    return this.entries().flatMap(([key, value]) => (key === name.toLowerCase() ? [value] : []));
  }
}

/** A stream of a request's body: a piece is bytes, or the text of a failure. */
class InputStream extends Resource {
  constructor(pieces, parent) {
    super(parent);
    this.pieces = pieces;
  }

  blockingRead(most) {
    this.use();
    const piece = this.pieces.shift();
    if (piece === undefined) throw new HostError({ tag: "closed" });
    if (typeof piece === "string") throw new HostError({ tag: "last-operation-failed", val: piece });
    if (piece.length > Number(most)) this.pieces.unshift(piece.subarray(Number(most)));
    const read = piece.slice(0, Number(most));
    host.events.push(`read ${read.length}`);
    return read;
  }
}

class IncomingBody extends Resource {
  constructor(pieces, parent) {
    super(parent);
    this.pieces = pieces;
  }

  stream() {
    this.use();
    if (this.pieces === undefined) throw new HostError(undefined);
    const stream = new InputStream(this.pieces, this);
    this.pieces = undefined;
    return stream;
  }
}

export class IncomingRequest extends Resource {
  constructor({ method, target, headers, pieces }) {
    super();
    this.parts = { method, target, headers, pieces };
  }

  method() {
    this.use();
    const { method } = this.parts;
    // The host knows the names in capitals alone.
    const isKnown = METHODS.has(method.toLowerCase()) && method === method.toUpperCase();
    return isKnown ? { tag: method.toLowerCase() } : { tag: "other", val: method };
  }

  pathWithQuery() {
    this.use();
    return this.parts.target;
  }

  scheme() {
    this.use();
    return { tag: "HTTPS" };
  }

  authority() {
    this.use();
    return "shop.example";
  }

  headers() {
    this.use();
    return new Fields(this.parts.headers, this);
  }

  consume() {
    this.use();
    if (this.parts.pieces === undefined) throw new HostError(undefined);
    const body = new IncomingBody(this.parts.pieces, this);
    this.parts.pieces = undefined;
    return body;
  }
}

class OutputStream extends Resource {
  constructor(answer, parent) {
    super(parent);
    this.answer = answer;
  }

  blockingWriteAndFlush(bytes) {
    this.use();
    if (!(bytes instanceof Uint8Array)) throw new TypeError("what is written is bytes");
    if (bytes.length > MOST_WRITTEN) throw new Error(`more than ${MOST_WRITTEN} bytes in one call`);
    host.events.push(`write ${bytes.length}`);
    this.answer.body.push(bytes.slice());
  }
}

export class OutgoingBody extends Resource {
  constructor(response) {
    super();
    this.response = response;
    this.stream = undefined;
  }

  write() {
    this.use();
    if (this.stream) throw new HostError(undefined);
    return (this.stream = new OutputStream(this.response.answer, this));
  }

  static finish(body, trailers) {
    if (trailers !== undefined) throw new Error("the host sends no trailers");
    body[Symbol.dispose]();
    const { answer } = body.response;
    answer.finished = true;
    host.events.push("finish");
  }
}

export class OutgoingResponse extends Resource {
  constructor(fields) {
    super();
    this.answer = { status: 200, headers: fields.list, body: [], finished: false };
    fields[Symbol.dispose]();
  }

  setStatusCode(status) {
    this.use();
    if (!Number.isInteger(status) || status < 100 || status > 999) throw new HostError(undefined);
    this.answer.status = status;
  }

  body() {
    this.use();
    if (this.made) throw new HostError(undefined);
    return (this.made = new OutgoingBody(this));
  }
}

export class ResponseOutparam extends Resource {
  static set(out, result) {
    out[Symbol.dispose]();
    if (result.tag !== "ok") throw new Error("the guest answered with an error of HTTP");
    host.events.push(`answer ${result.val.answer.status}`);
    out.answer = result.val.answer;
    result.val[Symbol.dispose]();
  }
}
