// What operators ask for, and what goes wrong.
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import moment from "moment-timezone";
import { customAlphabet } from "nanoid";

import { sha256 } from "./hash";
import { GREETING, SECRET_KEY } from "./settings";

const token = customAlphabet("0123456789abcdef", 32);
const TOKEN = token();
let requests = 0;

export const diagnostics = new Hono();

diagnostics.get("/variable", (c) => c.json({ greeting: GREETING, now: process.env.GREETING ?? null }));
diagnostics.get("/secret", async (c) => c.json({ sha256: await sha256(SECRET_KEY) }));

diagnostics.get("/boom", () => {
  throw new Error("boom");
});

diagnostics.get("/boom-late", (c) => {
  let count = 0;
  const lines = new ReadableStream<Uint8Array>({
    pull(controller) {
      // An exception drops what nobody has read yet.
      if (count++ > 0) throw new Error("boom");
      controller.enqueue(new TextEncoder().encode("line 0\n"));
    },
  });
  return c.body(lines, 200, { "content-type": "text/plain" });
});

diagnostics.get("/abort", () => {
  throw new HTTPException(418, { message: "a teapot" });
});

diagnostics.get("/slow", async (c) => {
  const milliseconds = Number(c.req.query("ms") ?? 100);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return c.json({ slept: milliseconds });
});

diagnostics.get("/background", (c) => {
  setTimeout(() => console.info("background: done"), 10);
  return c.json({ queued: true });
});

diagnostics.get("/log", (c) => {
  console.debug("a debug message");
  console.info("an info message");
  console.warn("a warning");
  return c.json({ logged: true });
});

diagnostics.get("/time", (c) => {
  const zone = "Europe/Stockholm";
  return c.json({ zone, offset: moment.tz("2026-07-01", zone).utcOffset() });
});

diagnostics.get("/random", (c) => c.json({ token: token(), at_import: TOKEN }));
diagnostics.get("/counter", (c) => c.json({ count: ++requests }));
