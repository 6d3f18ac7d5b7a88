// Requests that are answered while the component is made, so that those of instances find compiled code: the engine
// compiles a function when it is called first, and the result is then part of the component. The app itself is not
// asked, because what it did and kept would be in every instance.
import { arrived } from "../web/request.js";
import { Response } from "../web/response.js";
import { encoder } from "../web/bytes.js";
import { Incoming } from "./incoming.js";
import { Reply, send } from "./reply.js";
import { shared } from "./shared.js";

/** As often as the engine wants to see code before it remembers what it met. */
const TIMES = 20;
const HEADERS = [
  ["host", "localhost"],
  ["accept", "*/*"],
  ["accept-encoding", "gzip"],
  ["content-type", "application/json"],
  ["cookie", "a=b; c=d"],
  ["user-agent", "funcserver"],
  ["x-amzn-lambda-context", "{}"],
  ["x-forwarded-for", "192.0.2.1"],
  ["x-forwarded-proto", "https"],
].map(([name, value]) => [name, encoder.encode(value)]);

/** Answers with the parts of the runtime that most apps use. */
export function rehearse() {
  const { host } = shared;
  shared.host = { ...host, http };
  try {
    for (let time = 0; time < TIMES; time += 1) {
      for (const [method, answer] of EXCHANGES) {
        const incoming = new Incoming(request(method));
        send(answer(arrived(incoming)), new Reply({}, false));
        incoming.close();
      }
    }
  } finally {
    shared.host = host;
  }
}

const EXCHANGES = [
  ["get", text],
  ["get", json],
  ["post", json],
];

function text(request) {
  const { url, method } = request;
  return new Response(`${method} ${url}`, { headers: { "Content-Type": "text/plain; charset=UTF-8" } });
}

function json(request) {
  const { pathname, searchParams } = new URL(request.url);
  const found = { cookie: request.headers.get("cookie"), pathname, query: searchParams.get("q") };
  for (const [name, value] of request.headers) if (name === "accept") found.accept = value;
  const response = Response.json(found, { status: 201 });
  response.headers.set("x-powered-by", "funcserver");
  return response;
}

/** A request of no host. */
function request(method) {
  return {
    method: () => ({ tag: method }),
    pathWithQuery: () => "/text?q=1",
    scheme: () => ({ tag: "HTTPS" }),
    authority: () => "localhost",
    headers: () => ({ entries: () => HEADERS.slice(), get: () => [], [Symbol.dispose]() {} }),
    [Symbol.dispose]() {},
  };
}

/** The interface of a host that takes an answer and drops it. */
const http = {
  Fields: { fromList: (list) => list },
  OutgoingResponse: class {
    setStatusCode() {}
    body() {
      return { write: () => ({ blockingWriteAndFlush() {}, [Symbol.dispose]() {} }) };
    }
  },
  OutgoingBody: { finish() {} },
  ResponseOutparam: { set() {} },
};
