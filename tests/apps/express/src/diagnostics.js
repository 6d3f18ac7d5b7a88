// What operators ask for, and what goes wrong.
import { createHash, randomBytes } from "node:crypto";

import { Router } from "express";
import createError from "http-errors";
import moment from "moment-timezone";

import { GREETING, SECRET_KEY } from "./settings.js";

const TOKEN = randomBytes(16).toString("hex");
let requests = 0;

export const diagnostics = Router();

diagnostics.get("/variable", (req, res) => res.json({ greeting: GREETING, now: process.env.GREETING ?? null }));
diagnostics.get("/secret", (req, res) => {
  res.json({ sha256: createHash("sha256").update(SECRET_KEY).digest("hex") });
});

diagnostics.get("/boom", () => {
  throw new Error("boom");
});

diagnostics.get("/boom-late", async (req, res) => {
  res.type("text").write("line 0\n");
  await null;
  throw new Error("boom");
});

diagnostics.get("/abort", () => {
  throw createError(418);
});

diagnostics.get("/slow", (req, res) => {
  const milliseconds = Number(req.query.ms ?? 100);
  setTimeout(() => res.json({ slept: milliseconds }), milliseconds);
});

diagnostics.get("/background", (req, res) => {
  res.on("finish", () => setImmediate(() => console.info("background: done")));
  res.json({ queued: true });
});

diagnostics.get("/log", (req, res) => {
  console.debug("a debug message");
  console.info("an info message");
  console.warn("a warning");
  res.json({ logged: true });
});

diagnostics.get("/time", (req, res) => {
  const zone = "Europe/Stockholm";
  res.json({ zone, offset: moment.tz("2026-07-01", zone).utcOffset() });
});

diagnostics.get("/random", (req, res) => res.json({ token: randomBytes(16).toString("hex"), at_import: TOKEN }));
diagnostics.get("/counter", (req, res) => res.json({ count: ++requests }));
