// The component's export: passes a request from the host to the router, and its response back.
import types from "wasi:http/types@0.3.0";

import { answer } from "./router.js";

const { Fields, Request, Response } = types;

export const handler = {
  async handle(request) {
    const incoming = {
      method: methodName(request.getMethod()),
      pathWithQuery: request.getPathWithQuery() ?? "/",
      scheme: schemeName(request.getScheme()),
      authority: request.getAuthority(),
      headers: request.getHeaders().copyAll(),
    };
    return outgoing(answer({ ...incoming, body: await readBody(request) }));
  },
};

async function readBody(request) {
  const done = wit.Future.from({ tag: "ok" }, wit.Future.RESULT_VOID_ERROR_CODE);
  const [stream, trailers] = Request.consumeBody(request, done.readable);
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const end = await trailers.read();
  if (end.tag === "err") throw end.val;
  return concat(chunks);
}

/** The host sets its length. */
function outgoing({ status, headers, body }) {
  const trailers = wit.Future.from({ tag: "ok", val: null }, wit.Future.RESULT_OPTION_OTHER_ERROR_CODE);
  const [response] = Response.new(Fields.fromList(headers), body.length ? [body] : null, trailers.readable);
  response.setStatusCode(status);
  return response;
}

function methodName(method) {
  return method.tag === "other" ? method.val : method.tag.toUpperCase();
}

function schemeName(scheme) {
  return scheme && (scheme.tag === "other" ? scheme.val : scheme.tag.toLowerCase());
}

function concat(chunks) {
  const bytes = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let start = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, start);
    start += chunk.length;
  }
  return bytes;
}
