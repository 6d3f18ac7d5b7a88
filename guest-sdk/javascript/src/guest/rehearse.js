// Requests that are answered while the component is made, so that those of instances find compiled code: the engine
// compiles a function when it is called first, and the result is then part of the component. The app itself is not
// asked, because what it did and kept would be in every instance. If it is one of Hono, another app of Hono is.
import { Response } from "../web/response.js";
import { encoder } from "../web/bytes.js";
import { handlerOf } from "./handler.js";
import { isHono, makeTables, shortenPaths, sibling } from "./hono.js";
import { running } from "./rejections.js";
import { shared } from "./shared.js";
import { isIdle } from "./work.js";

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

/** Answers with the parts of the runtime that most apps use. @param {import("./kind.js").Kind} found  the app */
export async function rehearse(found) {
  // Each answer would wait for the app's own work, and that may add routes. This function itself is under way.
  if (!isIdle() || running() > 1) return;
  const { host } = shared;
  shared.host = { ...host, http };
  try {
    await answerAll(text, ["/text?q=1"]);
    await answerAll(json, ["/json?q=1"]);
    if (isHono(found.app)) await rehearseHono(found.app);
  } catch {
    // Only time is lost, as with a version of Hono that is not like those that are known.
  } finally {
    shared.host = host;
  }
}

async function rehearseHono(app) {
  const other = sibling(app);
  shortenPaths(app, other);
  makeTables(app);
  if (!other?.router) return;
  addRoutes(other);
  shortenPaths(other, other);
  await answerAll((request, env, context) => other.fetch(request, env, context), ["/html", "/json?q=1", "/text/1"]);
}

function addRoutes(app) {
  app.get("/html", (c) => c.html("<p>text</p>"));
  app.get("/json", (c) => c.json({ q: c.req.query("q"), accept: c.req.header("accept") }));
  app.get("/text/:id", (c) => c.text(c.req.param("id")));
}

async function answerAll(call, targets) {
  const { handle } = handlerOf(undefined, { found: { kind: "fetch", call } });
  for (let time = 0; time < TIMES; time += 1) for (const target of targets) await handle(request(target), {});
}

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
function request(target) {
  return {
    method: () => ({ tag: "get" }),
    pathWithQuery: () => target,
    scheme: () => ({ tag: "HTTPS" }),
    authority: () => "localhost",
    headers: () => ({ entries: () => HEADERS.slice(), get: () => [], [Symbol.dispose]() {} }),
    [Symbol.dispose]() {},
  };
}

/** The interface of a host that takes an answer and drops it. */
const http = {
  Fields: { fromList: () => ({ clone: () => ({}), [Symbol.dispose]() {} }) },
  OutgoingResponse: class {
    setStatusCode() {}
    body() {
      return { write: () => ({ blockingWriteAndFlush() {}, [Symbol.dispose]() {} }) };
    }
  },
  OutgoingBody: { finish() {} },
  ResponseOutparam: { set() {} },
};
