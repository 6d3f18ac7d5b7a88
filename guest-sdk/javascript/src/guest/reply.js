// An answer to the host.
import { content, isUsed, take, chunkBytes, used } from "../web/body.js";
import { encoder } from "../web/bytes.js";
import { fields } from "../web/headers.js";
import { headers } from "../web/response.js";
import { whenRunning } from "./phase.js";
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
  }

  get begun() {
    return this.out === undefined;
  }

  /** @param {[string, Uint8Array][] | object} given  the fields, or the host's */
  begin(status, given) {
    const { Fields, OutgoingResponse, ResponseOutparam } = shared.host.http;
    const outgoing = new OutgoingResponse(Array.isArray(given) ? Fields.fromList(given) : given);
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

// Not fields of each: defining one takes the engine time.
Object.assign(Reply.prototype, { body: undefined, stream: undefined, ended: false });

/** Sends a response. A promise if it is a stream, or has to be waited for. */
export function send(response, reply) {
  const text = response[content];
  if (typeof text === "string" && !response[used] && !reply.isHead && response.status !== 304) {
    reply.begin(response.status, fieldsFor(response[headers]));
    reply.write(encoder.encode(text));
    reply.end();
    response[used] = true;
    return undefined;
  }
  return sendOther(response, reply);
}

function sendOther(response, reply) {
  if (isUsed(response)) throw new TypeError("the body of the response has been read already");
  const list = fieldsFor(response[headers]);
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

/** What `begin` takes. @param {import("../web/field.js").Field[] | Headers | undefined} given */
function fieldsFor(given) {
  if (given === undefined) return [];
  if (!Array.isArray(given)) return listOf(given);
  if (given.length === 1 && given[0].isKept) return copyOf(given[0]);
  const list = [];
  for (let at = 0; at < given.length; at += 1) if (!HOP_BY_HOP.has(given[at].name)) list.push(pairOf(given[at]));
  return list;
}

const pairOf = (field) => (field.pair ??= [field.name, toBytes(field.value)]);

/**
 * The host's own fields for answers with one field, which the host copies in a fraction of the time of a list. Null if
 * there was one answer with it: an instance may answer only once.
 */
const templates = new Map();
const MOST_TEMPLATES = 20;
// Those of a rehearsal belong to no host.
whenRunning(() => templates.clear());

function copyOf(field) {
  let template = templates.get(field);
  if (template === undefined) {
    if (HOP_BY_HOP.has(field.name)) return [];
    if (templates.size >= MOST_TEMPLATES) dropTemplates();
    templates.set(field, null);
    return [pairOf(field)];
  }
  if (template === null) {
    template = shared.host.http.Fields.fromList([pairOf(field)]);
    templates.set(field, template);
  }
  return template.clone();
}

function dropTemplates() {
  for (const template of templates.values()) template?.[Symbol.dispose]();
  templates.clear();
}

/** @param {Headers} given */
function listOf(given) {
  const list = [];
  given[fields].forEach((value, name) => {
    if (HOP_BY_HOP.has(name)) return;
    if (typeof value === "string") list.push([name, toBytes(value)]);
    else for (const one of value) list.push([name, toBytes(one)]);
  });
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
