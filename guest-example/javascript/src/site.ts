// The place to begin: what the site answers.
import { type Context, Hono } from "hono";

import { seen } from "./headers";
import type { Incoming } from "./host";
import * as pages from "./pages";

type Env = { Bindings: Incoming };

/** The site. `lambdaImport` tells the Lambda context by the typed import, where there is one. */
export function site(lambdaImport: () => unknown): Hono<Env> {
  // By the path as it came: a URL would have resolved its dots.
  const app = new Hono<Env>({ getPath: (_, options) => path(options?.env) });

  app.get("/", (c) => c.html(pages.home()));
  app.get("/products", (c) => c.html(pages.products()));
  app.get("/articles", (c) => c.html(pages.articles()));
  app.get("/headers", (c) => c.json({ ...seen(c.env), lambda_import: lambdaImport() }));
  app.post("/echo", async (c) => {
    const contentType = c.req.header("content-type") ?? "application/octet-stream";
    return c.body(await c.req.arrayBuffer(), 200, { "Content-Type": contentType });
  });

  // What is left are the wrong methods. Hono answers HEAD as GET.
  for (const page of ["/", "/products", "/articles", "/headers"]) app.all(page, notAllowed("GET, HEAD"));
  app.all("/echo", notAllowed("POST"));
  app.notFound((c) => c.text("not found\n", 404));
  // The first match prepares the router. Now it is part of the component, and no request's to pay for.
  app.router.match("GET", "/");
  return app;
}

function notAllowed(allow: string) {
  return (c: Context<Env>) => c.text("method not allowed\n", 405, { Allow: allow });
}

function path(incoming: Incoming | undefined): string {
  return incoming?.pathWithQuery.split("?", 1)[0] ?? "/";
}
