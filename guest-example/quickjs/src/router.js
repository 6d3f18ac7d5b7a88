// The routes: start here.
import { seen } from "./headers.js";
import * as pages from "./pages.js";
import { encode } from "./utf8.js";

const page = (make) => ({ GET: () => html(make()) });

const routes = new Map([
  ["/", page(pages.home)],
  ["/products", page(pages.products)],
  ["/articles", page(pages.articles)],
  ["/headers", { GET: (request) => reply(200, "application/json", JSON.stringify(seen(request), null, 2) + "\n") }],
  ["/echo", { POST: echo }],
]);

/** Routes a request. HEAD is answered as GET, without the body. */
export function answer(request) {
  const handlers = routes.get(request.pathWithQuery.split("?", 1)[0]);
  if (!handlers) return text(404, "not found\n");
  const head = request.method === "HEAD";
  const method = head ? "GET" : request.method;
  const response = Object.hasOwn(handlers, method) ? handlers[method](request) : notAllowed(handlers);
  return head ? { ...response, body: new Uint8Array() } : response;
}

function echo(request) {
  const [, contentType] = request.headers.find(([name]) => name === "content-type") ?? [];
  const headers = [["content-type", contentType ?? encode("application/octet-stream")]];
  return { status: 200, headers, body: request.body };
}

function notAllowed(handlers) {
  const allow = Object.keys(handlers).map((method) => (method === "GET" ? "GET, HEAD" : method));
  const response = text(405, "method not allowed\n");
  response.headers.push(["allow", encode(allow.join(", "))]);
  return response;
}

const html = (content) => reply(200, "text/html; charset=utf-8", content);
const text = (status, content) => reply(status, "text/plain; charset=utf-8", content);

function reply(status, contentType, content) {
  return { status, headers: [["content-type", encode(contentType)]], body: encode(content) };
}
