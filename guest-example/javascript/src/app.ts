// The routes: start here.
import { Hono } from "hono";

import * as pages from "./pages";

const app = new Hono();

app.get("/", (c) => c.html(pages.home()));
app.get("/products", (c) => c.html(pages.products()));
app.get("/articles", (c) => c.html(pages.articles()));

/** The request as this handler sees it, and the invocation of the Lambda function. */
app.get("/headers", (c) => {
  const url = new URL(c.req.url);
  const headers = [...c.req.raw.headers].map(([name, value]) => [name, [text(value)]]);
  return c.json({
    method: c.req.method,
    path_with_query: url.pathname + url.search,
    scheme: c.req.header("x-forwarded-proto") ?? url.protocol.slice(0, -1),
    authority: url.host,
    headers: Object.fromEntries(headers),
    lambda_context: JSON.parse(c.req.header("x-amzn-lambda-context") ?? "null"),
  });
});

/** The text of a header's value: `Headers` has one character for each byte of it. */
function text(value: string): string {
  return new TextDecoder().decode(Uint8Array.from(value, (byte) => byte.charCodeAt(0)));
}

app.post("/echo", async (c) => {
  const type = c.req.header("content-type") ?? "application/octet-stream";
  return c.body(await c.req.arrayBuffer(), 200, { "content-type": type });
});

/** The methods of each path, for requests with another one. */
const methods: Record<string, string> = {
  "/": "GET, HEAD",
  "/products": "GET, HEAD",
  "/articles": "GET, HEAD",
  "/headers": "GET, HEAD",
  "/echo": "POST",
};

app.notFound((c) => {
  const allow = methods[c.req.path];
  return allow ? c.text("method not allowed\n", 405, { allow }) : c.text("not found\n", 404);
});

export default app;
