// The app: its middleware, routes and error pages.
import { statSync } from "node:fs";

import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";

import { account } from "./account";
import { api } from "./api";
import { diagnostics } from "./diagnostics";
import { files } from "./files";
import { notFound, pages } from "./pages";

const app = new Hono();

app.use(secureHeaders());
app.use("/json", cors());
app.use("/static/*", etag());
app.use(
  "/static/*",
  serveStatic({
    root: "./",
    onFound: (path, c) => c.header("last-modified", statSync(path).mtime.toUTCString()),
  }),
);
app.route("/", pages);
app.route("/", api);
app.route("/", files);
app.route("/", account);
app.route("/", diagnostics);

app.notFound(notFound);
app.onError((error, c) => {
  if (error instanceof HTTPException) return error.getResponse();
  console.error(error);
  return c.text("Something went wrong", 500);
});

export default app;
