// The routes: start here.
import { Hono } from "hono";

import { seen } from "./headers";
import type { Incoming } from "./host";
import * as pages from "./pages";

type Env = { Bindings: Incoming };

const methods: Record<string, string> = {
  "/": "GET, HEAD",
  "/products": "GET, HEAD",
  "/articles": "GET, HEAD",
  "/headers": "GET, HEAD",
  "/echo": "POST",
};

/** The site. `lambdaImport` returns the Lambda context from the typed import, if there is one. */
export function site(lambdaImport: () => unknown): Hono<Env> {
  // Routes by the original path: a URL would have resolved its dots.
  const app = new Hono<Env>({ getPath: (_, options) => path(options?.env) });

  app.get("/", (c) => c.html(pages.home()));
  app.get("/products", (c) => c.html(pages.products()));
  app.get("/articles", (c) => c.html(pages.articles()));
  app.get("/headers", (c) => c.json({ ...seen(c.env), lambda_import: lambdaImport() }));
  app.post("/echo", async (c) => {
    const contentType = c.req.header("content-type") ?? "application/octet-stream";
    return c.body(await c.req.arrayBuffer(), 200, { "Content-Type": contentType });
  });

  // Only another path or another method gets here. Hono answers HEAD as GET.
  app.notFound((c) => {
    const allow = methods[path(c.env)];
    return allow ? c.text("method not allowed\n", 405, { Allow: allow }) : c.text("not found\n", 404);
  });
  // Everything that the first request prepares, such as the router, becomes part of the component.
  void app.request("/");
  return app;
}

function path(incoming: Incoming | undefined): string {
  if (!incoming) return "/";
  const { pathWithQuery } = incoming;
  const end = pathWithQuery.indexOf("?");
  return end < 0 ? pathWithQuery : pathWithQuery.slice(0, end);
}
