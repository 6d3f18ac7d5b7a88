// Requests from the host, responses to it, in the types of the web.
import type { StreamError } from "wasi:io/streams@0.2.12";
import {
  Fields,
  type IncomingRequest,
  type Method,
  OutgoingBody,
  OutgoingResponse,
  ResponseOutparam,
  type Scheme,
} from "wasi:http/types@0.2.12";

/** A request as it came. `Request` tells less: it joins repeated headers, and knows no raw path. */
export interface Incoming {
  method: string;
  pathWithQuery: string;
  scheme?: string;
  authority?: string;
  /** In the order of their coming. A value need not be UTF-8. */
  headers: [string, Uint8Array][];
}

interface App {
  fetch(request: Request, incoming: Incoming): Response | Promise<Response>;
}

// What one call may read, and what `blocking-write-and-flush` takes at most.
const READ_SIZE = 65_536n;
const WRITE_SIZE = 4_096;

/** An app that answers `Request` with `Response`, as the component's export. */
export function serve(app: App) {
  return {
    async handle(request: IncomingRequest, out: ResponseOutparam): Promise<void> {
      const scheme = request.scheme();
      const fields = request.headers();
      const incoming: Incoming = {
        method: methodName(request.method()),
        pathWithQuery: request.pathWithQuery() ?? "/",
        scheme: scheme && schemeName(scheme),
        authority: request.authority(),
        headers: fields.entries(),
      };
      // To the web these have no body.
      const bodiless = incoming.method === "GET" || incoming.method === "HEAD";
      await send(await app.fetch(webRequest(incoming, bodiless ? null : readBody(request)), incoming), out);
      fields[Symbol.dispose]();
      request[Symbol.dispose]();
    },
  };
}

function webRequest(incoming: Incoming, body: Uint8Array<ArrayBuffer> | null): Request {
  const { method, pathWithQuery, scheme = "http", authority = "localhost" } = incoming;
  const headers = incoming.headers.map(([name, value]): [string, string] => [name, fromBytes(value)]);
  return new Request(`${scheme}://${authority}${pathWithQuery}`, { method, headers, body });
}

function readBody(request: IncomingRequest): Uint8Array<ArrayBuffer> {
  const body = request.consume();
  const stream = body.stream();
  const chunks: Uint8Array[] = [];
  for (;;) {
    try {
      chunks.push(stream.blockingRead(READ_SIZE));
    } catch (error) {
      if ((error as { payload?: StreamError }).payload?.tag !== "closed") throw error;
      stream[Symbol.dispose]();
      body[Symbol.dispose]();
      return concat(chunks);
    }
  }
}

/** First status and headers, then the body, as it comes. Its length is the host's to state. */
async function send(response: Response, out: ResponseOutparam): Promise<void> {
  // The length that HEAD tells of a body it does not send would be a body cut short to the host.
  if (!response.body) response.headers.delete("content-length");
  const headers = Array.from(response.headers, ([name, value]): [string, Uint8Array] => [name, toBytes(value)]);
  const outgoing = new OutgoingResponse(Fields.fromList(headers));
  outgoing.setStatusCode(response.status);
  const body = outgoing.body();
  ResponseOutparam.set(out, { tag: "ok", val: outgoing });

  const stream = body.write();
  const reader = response.body?.getReader();
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    const chunk: Uint8Array = next.value;
    for (let start = 0; start < chunk.length; start += WRITE_SIZE) {
      stream.blockingWriteAndFlush(chunk.subarray(start, start + WRITE_SIZE));
    }
  }
  stream[Symbol.dispose]();
  OutgoingBody.finish(body, undefined);
}

function methodName(method: Method): string {
  return method.tag === "other" ? method.val : method.tag.toUpperCase();
}

function schemeName(scheme: Scheme): string {
  return scheme.tag === "other" ? scheme.val : scheme.tag.toLowerCase();
}

function concat(chunks: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let start = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, start);
    start += chunk.length;
  }
  return bytes;
}

const encoder = new TextEncoder();

// A header's value is a string of bytes to the web, each a character. What is native does not go through them one by one.
function fromBytes(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

function toBytes(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  const ascii = bytes.length === text.length;
  return ascii ? bytes : Uint8Array.from(text, (character) => character.charCodeAt(0));
}
