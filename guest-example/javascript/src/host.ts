// Converts requests from the host, and responses to it, to the types of the web.
import type { OutputStream, StreamError } from "wasi:io/streams@0.2.12";
import {
  Fields,
  type IncomingRequest,
  type Method,
  OutgoingBody,
  OutgoingResponse,
  ResponseOutparam,
  type Scheme,
} from "wasi:http/types@0.2.12";

import { type Header, LightRequest, type Plain, plain } from "./light";

/** The original request. `Request` has less: it joins repeated headers, and has no raw path. */
export class Incoming {
  // Declared, not defined: defining a field takes the engine time.
  declare readonly method: string;
  declare private readonly request: IncomingRequest;
  declare private target?: string;
  declare private fields?: Header[];

  // Each part costs a call of the host. Parts that few handlers use are read on first use.
  constructor(request: IncomingRequest) {
    this.request = request;
    this.method = methodName(request.method());
  }

  get pathWithQuery(): string {
    return (this.target ??= this.request.pathWithQuery() ?? "/");
  }

  get scheme(): string | undefined {
    const scheme = this.request.scheme();
    return scheme && schemeName(scheme);
  }

  get authority(): string | undefined {
    return this.request.authority();
  }

  /** In the order of arrival. A value need not be UTF-8. */
  get headers(): Header[] {
    if (!this.fields) {
      const fields = this.request.headers();
      this.fields = fields.entries();
      fields[Symbol.dispose]();
    }
    return this.fields;
  }

  /** The request in the type of the web. */
  whole(): Request {
    const { method, pathWithQuery, scheme = "http", authority = "localhost" } = this;
    const headers = this.headers.map(([name, value]): [string, string] => [name, fromBytes(value)]);
    // In the web's API these have no body.
    const body = method === "GET" || method === "HEAD" ? null : readBody(this.request);
    return new Request(`${scheme}://${authority}${pathWithQuery}`, { method, headers, body });
  }
}

interface App {
  fetch(request: Request, incoming: Incoming): Response | Promise<Response>;
}

// The most that one call may read, and the most that `blocking-write-and-flush` takes.
const READ_SIZE = 65_536n;
const WRITE_SIZE = 4_096;

/** An app that answers `Request` with `Response`, as the component's export. */
export function serve(app: App) {
  return {
    handle(request: IncomingRequest, out: ResponseOutparam): void | Promise<void> {
      const incoming = new Incoming(request);
      const response = app.fetch(new LightRequest(incoming) as unknown as Request, incoming);
      const whole = plain(response);
      if (!whole) return sendLater(request, response, out);
      sendWhole(whole, out);
      request[Symbol.dispose]();
    },
  };
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

/** Sends a text in one call. */
function sendWhole({ status, headers, text }: Plain, out: ResponseOutparam): void {
  const [body, stream] = begin(status, headers, out);
  write(stream, encoder.encode(text));
  end(body, stream);
}

/** Sends a response as it arrives. */
async function sendLater(
  request: IncomingRequest,
  promised: Response | Promise<Response>,
  out: ResponseOutparam,
): Promise<void> {
  const response = await promised;
  // A HEAD response states the length of a body that it does not send: the host would see a truncated body.
  if (!response.body) response.headers.delete("content-length");
  const [body, stream] = begin(response.status, Array.from(response.headers, toHeader), out);
  const reader = response.body?.getReader();
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) write(stream, next.value);
  end(body, stream);
  request[Symbol.dispose]();
}

/** Status and headers. The host sets the body's length. */
function begin(status: number, headers: Header[], out: ResponseOutparam): [OutgoingBody, OutputStream] {
  const outgoing = new OutgoingResponse(Fields.fromList(headers));
  if (status !== 200) outgoing.setStatusCode(status);
  const body = outgoing.body();
  ResponseOutparam.set(out, { tag: "ok", val: outgoing });
  return [body, body.write()];
}

function write(stream: OutputStream, bytes: Uint8Array): void {
  for (let start = 0; start < bytes.length; start += WRITE_SIZE) {
    stream.blockingWriteAndFlush(bytes.length > WRITE_SIZE ? bytes.subarray(start, start + WRITE_SIZE) : bytes);
  }
}

function end(body: OutgoingBody, stream: OutputStream): void {
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

// In the web's API a header's value is a string with one character for each byte. The native conversion avoids a loop
// over them.
function fromBytes(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

function toHeader([name, value]: [string, string]): Header {
  const bytes = encoder.encode(value);
  const ascii = bytes.length === value.length;
  return [name, ascii ? bytes : Uint8Array.from(value, (character) => character.charCodeAt(0))];
}
