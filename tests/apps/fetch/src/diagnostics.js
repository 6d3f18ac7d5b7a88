// What operators ask for, and what goes wrong.
import moment from "moment-timezone";

import { HttpError, get, hex, sha256 } from "./http.js";
import { GREETING, SECRET_KEY } from "./settings.js";

const token = () => hex(crypto.getRandomValues(new Uint8Array(16)));
const TOKEN = token();
let requests = 0;

async function boomLate() {
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  writer.write(new TextEncoder().encode("line 0\n")).then(() => writer.abort(new Error("boom")));
  return new Response(readable, { headers: { "content-type": "text/plain" } });
}

export const diagnostics = [
  get("/variable", () => Response.json({ greeting: GREETING, now: process.env.GREETING ?? null })),
  get("/secret", async () => Response.json({ sha256: await sha256(SECRET_KEY) })),
  get("/boom", () => {
    throw new Error("boom");
  }),
  get("/boom-late", boomLate),
  get("/abort", () => {
    throw new HttpError(418, "a teapot");
  }),
  get("/slow", async (request, { url }) => {
    const milliseconds = Number(url.searchParams.get("ms") ?? 100);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return Response.json({ slept: milliseconds });
  }),
  get("/background", () => {
    setTimeout(() => console.info("background: done"), 10);
    return Response.json({ queued: true });
  }),
  get("/log", () => {
    console.debug("a debug message");
    console.info("an info message");
    console.warn("a warning");
    return Response.json({ logged: true });
  }),
  get("/time", () => {
    const zone = "Europe/Stockholm";
    return Response.json({ zone, offset: moment.tz("2026-07-01", zone).utcOffset() });
  }),
  get("/random", () => Response.json({ token: token(), at_import: TOKEN })),
  get("/counter", () => Response.json({ count: ++requests })),
];
