// The bodies of requests and responses. They stay what they were given as, a text or bytes, until a stream is asked for.
import { bytesOf, concat, decode, encoder } from "./bytes.js";
import { formBytes, parseForm } from "./form.js";

/** The keys under which a request or response stores its body, and whether it was read. */
export const content = Symbol("content");
export const used = Symbol("used");
/** The key under which a stream that was made of a text or bytes stores them. */
const origin = Symbol("origin");

/**
 * A body that comes from the host.
 * @typedef {object} Source
 * @property {() => Uint8Array} all  the rest, at once
 * @property {() => Uint8Array | undefined} next  a piece; undefined at the end
 */

/**
 * What a body is stored as, and the content type that it brings.
 * @returns {[string | Uint8Array | ReadableStream | null, string | undefined]}
 */
export function extract(body) {
  if (body === null || body === undefined) return [null, undefined];
  if (typeof body === "string") return [body, "text/plain;charset=UTF-8"];
  const bytes = bytesOf(body);
  if (bytes) return [bytes.slice(), undefined];
  if (body instanceof ReadableStream) {
    if (body.locked) throw new TypeError("the stream of this body is being read already");
    const made = body[origin];
    if (made === undefined) return [body, undefined];
    if (made.touched) throw new TypeError("the stream of this body has been read already");
    // Nobody has read it: what it was made of is cheaper. The stream itself is at its end now.
    made.touched = true;
    return [made.content, undefined];
  }
  if (body instanceof Blob) return [blobStream(body), body.type || undefined];
  if (body instanceof URLSearchParams) {
    return [body.toString(), "application/x-www-form-urlencoded;charset=UTF-8"];
  }
  if (body instanceof FormData) {
    const [pieces, type] = formBytes(body);
    return [lazily(async () => concat(await pieces())), type];
  }
  if (typeof body === "object" && typeof body[Symbol.asyncIterator] === "function") return [iterated(body), undefined];
  return [String(body), "text/plain;charset=UTF-8"];
}

const blobStream = (blob) => lazily(async () => new Uint8Array(await blob.arrayBuffer()));

/** A stream of bytes that are made when somebody reads. */
function lazily(bytes) {
  return new ReadableStream(
    {
      async pull(controller) {
        const whole = await bytes();
        if (whole.length > 0) controller.enqueue(whole);
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

function iterated(iterable) {
  const iterator = iterable[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const { value, done } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(typeof value === "string" ? encoder.encode(value) : value);
      },
      async cancel(reason) {
        await iterator.return?.(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The stream of a body that is stored in another form. */
function streamOf(self) {
  const stored = self[content];
  const made = { content: stored, touched: false };
  const stream = new ReadableStream(
    {
      pull(controller) {
        made.touched = true;
        if (typeof stored === "string" || stored instanceof Uint8Array) {
          const bytes = typeof stored === "string" ? encoder.encode(stored) : stored;
          if (bytes.length > 0) controller.enqueue(bytes);
          controller.close();
          return;
        }
        const piece = stored.next();
        if (piece) controller.enqueue(piece);
        else controller.close();
      },
      cancel() {
        made.touched = true;
      },
    },
    { highWaterMark: 0 },
  );
  Object.defineProperty(stream, origin, { value: made });
  return stream;
}

const isStream = (stored) => stored instanceof ReadableStream;

/** @returns {ReadableStream | null} */
export function bodyStream(self) {
  const stored = self[content];
  if (stored === null || isStream(stored)) return stored;
  return (self[content] = streamOf(self));
}

export function isUsed(self) {
  return self[used] || self[content]?.[origin]?.touched === true;
}

/** Takes the body out, as a text, bytes, a source or a stream: whoever takes it reads it. */
export function take(self) {
  const stored = self[content];
  if (isUsed(self)) throw new TypeError("the body has been read already");
  if (stored === null) return null;
  if (isStream(stored)) {
    if (stored.locked) throw new TypeError("the body is being read already");
    self[used] = true;
    const made = stored[origin];
    if (made === undefined) return stored;
    made.touched = true;
    return made.content;
  }
  self[used] = true;
  return stored;
}

/** The whole body, as a text or as bytes. */
async function whole(self) {
  const stored = take(self);
  if (stored === null) return "";
  if (typeof stored === "string" || stored instanceof Uint8Array) return stored;
  return isStream(stored) ? readAll(stored) : stored.all();
}

/** @param {ReadableStream} stream */
export async function readAll(stream) {
  const reader = stream.getReader();
  const chunks = [];
  for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(chunkBytes(next.value));
  return chunks.length === 0 ? new Uint8Array(0) : concat(chunks);
}

export function chunkBytes(chunk) {
  const bytes = bytesOf(chunk);
  if (bytes) return bytes;
  throw new TypeError(`a stream of a body gives bytes (Uint8Array), and this one gave ${typeof chunk}`);
}

const text = (given) => (typeof given === "string" ? given : decode(given));
const bytes = (given) => (typeof given === "string" ? encoder.encode(given) : given);

/** Two bodies of one: the second is returned, the first stays. */
export function split(self) {
  if (isUsed(self) || self[content]?.locked) throw new TypeError("a body that has been read cannot be cloned");
  let stored = self[content];
  if (isStream(stored) && stored[origin] !== undefined) {
    // A copy of what the stream was made of. Whoever has the stream may still read it.
    const made = stored[origin];
    if (typeof made.content === "string" || made.content instanceof Uint8Array) return made.content;
  }
  if (isStream(stored)) {
    const [first, second] = stored.tee();
    self[content] = first;
    return second;
  }
  if (stored !== null && typeof stored !== "string" && !(stored instanceof Uint8Array)) {
    stored = stored.all();
    self[content] = stored;
  }
  return stored;
}

/** Adds the members that requests and responses have in common. */
export function addBody(prototype) {
  const members = {
    get body() {
      return bodyStream(this);
    },
    get bodyUsed() {
      return isUsed(this);
    },
    async text() {
      return text(await whole(this));
    },
    async json() {
      return JSON.parse(text(await whole(this)));
    },
    async arrayBuffer() {
      const all = bytes(await whole(this));
      if (all.byteLength === all.buffer.byteLength) return all.buffer;
      return all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength);
    },
    async bytes() {
      return bytes(await whole(this));
    },
    async blob() {
      return new Blob([bytes(await whole(this))], { type: this.headers.get("content-type") ?? "" });
    },
    async formData() {
      const type = this.headers.get("content-type") ?? "";
      return parseForm(bytes(await whole(this)), type);
    },
  };
  Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(members));
}
