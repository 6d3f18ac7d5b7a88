// An answer to the host.
import { content, isUsed, take, chunkBytes } from "../web/body.js";
import { encoder } from "../web/bytes.js";
import { fields } from "../web/headers.js";
import { headers } from "../web/response.js";
import { shared } from "./shared.js";

// The most that `blocking-write-and-flush` takes.
const WRITE_SIZE = 4_096;
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

/** Values that are the same in most answers, as bytes. */
const known = new Map();
const MOST_KNOWN = 500;

export class Reply {
  constructor(out, isHead) {
    this.out = out;
    this.isHead = isHead;
    this.body = undefined;
    this.stream = undefined;
    this.ended = false;
  }

  get begun() {
    return this.out === undefined;
  }

  /** @param {[string, Uint8Array][]} list */
  begin(status, list) {
    const { Fields, OutgoingResponse, ResponseOutparam } = shared.host.http;
    const outgoing = new OutgoingResponse(Fields.fromList(list));
    if (status !== 200) outgoing.setStatusCode(status);
    this.body = outgoing.body();
    ResponseOutparam.set(this.out, { tag: "ok", val: outgoing });
    this.out = undefined;
    this.stream = this.body.write();
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    if (this.isHead || bytes.length === 0) return;
    if (bytes.length <= WRITE_SIZE) {
      this.stream.blockingWriteAndFlush(bytes);
      return;
    }
    for (let start = 0; start < bytes.length; start += WRITE_SIZE) {
      this.stream.blockingWriteAndFlush(bytes.subarray(start, start + WRITE_SIZE));
    }
  }

  /** The host sends the answer now. */
  end() {
    if (this.ended) return;
    this.ended = true;
    this.stream[Symbol.dispose]();
    shared.host.http.OutgoingBody.finish(this.body, undefined);
  }

  /** A body that is not finished is one that broke off. */
  breakOff() {
    if (this.ended) return;
    this.ended = true;
    this.stream[Symbol.dispose]();
    this.body[Symbol.dispose]();
  }

  fail() {
    if (this.begun) {
      this.breakOff();
      return;
    }
    this.begin(500, [["content-type", encoder.encode("text/plain; charset=utf-8")]]);
    this.write(encoder.encode("Internal Server Error\n"));
    this.end();
  }
}

/** Sends a response. A promise if it is a stream, or has to be waited for. */
export function send(response, reply) {
  if (isUsed(response)) throw new TypeError("the body of the response has been read already");
  const list = listOf(response[headers]);
  const bodiless = reply.isHead || response.status === 304;
  const stored = response[content];
  if (stored === null || bodiless) {
    reply.begin(response.status, list);
    reply.end();
    if (stored instanceof ReadableStream && !stored.locked) stored.cancel().catch(() => {});
    return undefined;
  }
  const body = take(response);
  if (body instanceof ReadableStream) return sendStream(response.status, list, body, reply);
  reply.begin(response.status, list);
  if (typeof body === "string") reply.write(encoder.encode(body));
  else if (body instanceof Uint8Array) reply.write(body);
  else for (let piece = body.next(); piece; piece = body.next()) reply.write(piece);
  reply.end();
  return undefined;
}

async function sendStream(status, list, stream, reply) {
  const reader = stream.getReader();
  // A stream that fails at once can still be answered with a status.
  let next = await reader.read();
  reply.begin(status, list);
  for (; !next.done; next = await reader.read()) reply.write(chunkBytes(next.value));
  reply.end();
}

function listOf(given) {
  const list = [];
  if (given === undefined) return list;
  const add = (value, name) => {
    if (HOP_BY_HOP.has(name)) return;
    if (typeof value === "string") list.push([name, toBytes(value)]);
    else for (const one of value) list.push([name, toBytes(one)]);
  };
  if (Array.isArray(given)) for (let at = 0; at < given.length; at += 2) add(given[at + 1], given[at]);
  else given[fields].forEach(add);
  return list;
}

/** One byte for each character, as the web's API has values. Characters beyond these are written as UTF-8. */
export function toBytes(value) {
  const before = known.get(value);
  if (before !== undefined) return before;
  let bytes = encoder.encode(value);
  // eslint-disable-next-line no-control-regex
  if (bytes.length !== value.length && /^[\0-\xff]*$/.test(value)) {
    bytes = Uint8Array.from(value, (character) => character.charCodeAt(0));
  }
  if (value.length <= 100) {
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(value, bytes);
  }
  return bytes;
}
