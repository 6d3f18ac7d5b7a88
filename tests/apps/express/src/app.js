// The app: its middleware, routes and error pages.
import path from "node:path";

import cookieSession from "cookie-session";
import express from "express";

import { api } from "./api.js";
import { diagnostics } from "./diagnostics.js";
import { files } from "./files.js";
import { pages } from "./pages.js";
import { SECRET_KEY } from "./settings.js";

const root = path.join(import.meta.dirname, "..");

export const app = express();

app.set("trust proxy", 1);
app.set("views", path.join(root, "views"));
app.set("view engine", "ejs");
app.disable("x-powered-by");

app.use("/static", express.static(path.join(root, "public")));
app.use(cookieSession({ name: "session", secret: SECRET_KEY }));
app.use(express.json());
app.use(express.urlencoded());
app.use(pages, api, files, diagnostics);

app.use((req, res) => res.status(404).render("404"));
app.use((error, req, res, next) => {
  const status = error.status ?? 500;
  if (status >= 500) console.error(error);
  if (res.headersSent) return next(error);
  res.status(status).type("text").send(status >= 500 ? "Something went wrong" : error.message);
});
