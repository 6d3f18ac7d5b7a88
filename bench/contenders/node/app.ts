// A router behind a load balancer, as a typical Node.js function. The pages come from guest-example/javascript.
import { Hono } from "hono";
import { handle } from "hono/aws-lambda";

import * as pages from "./pages";

const app = new Hono();
app.get("/", (c) => c.html(pages.home()));
app.get("/products", (c) => c.html(pages.products()));
app.get("/articles", (c) => c.html(pages.articles()));

export const handler = handle(app);
