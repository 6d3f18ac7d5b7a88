// Static files, uploads, downloads and streams.
import { readFile, stat } from "node:fs/promises";

import { HttpError, get, post, sha256 } from "./http.js";

const FOLDER = new URL("../static/", import.meta.url);
const TYPES = { css: "text/css", js: "text/javascript", png: "image/png" };

async function staticFile(request, { params: { name } }) {
  const place = new URL(encodeURIComponent(name), FOLDER);
  const facts = await stat(place).catch(() => null);
  if (!facts?.isFile()) throw new HttpError(404, "there is no such file");
  const content = await readFile(place);
  const headers = {
    etag: `"${(await sha256(content)).slice(0, 16)}"`,
    "last-modified": facts.mtime.toUTCString(),
    "content-type": TYPES[name.split(".").pop()] ?? "application/octet-stream",
  };
  if (request.headers.get("if-none-match") === headers.etag) return new Response(null, { status: 304, headers });
  return new Response(content, { headers });
}

async function describe(file) {
  return { name: file.name, size: file.size, sha256: await sha256(await file.arrayBuffer()) };
}

function lines() {
  let number = 0;
  return new ReadableStream({
    async pull(controller) {
      if (number === 5) return controller.close();
      await new Promise((resolve) => setTimeout(resolve, 5));
      controller.enqueue(`line ${number++}\n`);
    },
  });
}

export const files = [
  get("/static/:name", staticFile),
  post("/upload", async (request) => {
    const form = await request.formData();
    const described = await Promise.all(form.getAll("files").map(describe));
    return Response.json({ note: form.get("note") ?? "", files: described });
  }),
  get("/download", () => {
    const headers = { "content-type": "text/csv", "content-disposition": 'attachment; filename="items.csv"' };
    return new Response(new Blob(["id,name\n", "1,cup\n"]), { headers });
  }),
  get("/stream", () => {
    const headers = { "content-type": "text/plain" };
    return new Response(lines().pipeThrough(new TextEncoderStream()), { headers });
  }),
  get("/large", () => new Response("0123456789".repeat(60_000))),
  post("/large", async (request) => {
    const body = await request.arrayBuffer();
    return Response.json({ size: body.byteLength, sha256: await sha256(body) });
  }),
  post("/echo", (request) => {
    const headers = { "content-type": request.headers.get("content-type") ?? "application/octet-stream" };
    return new Response(request.body, { headers });
  }),
];
