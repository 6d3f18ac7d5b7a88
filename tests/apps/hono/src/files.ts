// Uploads, downloads and streams.
import { Hono } from "hono";
import { streamSSE, streamText } from "hono/streaming";

import { sha256 } from "./hash";

export const files = new Hono();

files.post("/upload", async (c) => {
  const form = await c.req.formData();
  const uploaded = form.getAll("files").filter((file) => file instanceof File);
  return c.json({ note: form.get("note") ?? "", files: await Promise.all(uploaded.map(describe)) });
});

async function describe(file: File) {
  return { name: file.name, size: file.size, sha256: await sha256(await file.arrayBuffer()) };
}

files.get("/download", (c) =>
  c.body("id,name\n1,cup\n", 200, {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": 'attachment; filename="items.csv"',
  }),
);

files.get("/stream", (c) =>
  streamText(c, async (stream) => {
    for (let number = 0; number < 5; number++) {
      await stream.writeln(`line ${number}`);
      await stream.sleep(5);
    }
  }),
);

files.get("/events", (c) =>
  streamSSE(c, async (stream) => {
    for (let number = 0; number < 3; number++) {
      await stream.writeSSE({ id: String(number), event: "tick", data: `tick ${number}` });
      await stream.sleep(5);
    }
  }),
);

files.get("/large", (c) => c.text("0123456789".repeat(60_000)));

files.post("/large", async (c) => {
  const body = await c.req.arrayBuffer();
  return c.json({ size: body.byteLength, sha256: await sha256(body) });
});

files.post("/echo", async (c) =>
  c.body(await c.req.arrayBuffer(), 200, {
    "content-type": c.req.header("content-type") ?? "application/octet-stream",
  }),
);
