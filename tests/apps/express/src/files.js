// Uploads, downloads and streams.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

import express, { Router } from "express";
import multer from "multer";

const upload = multer({ storage: multer.memoryStorage() });
const raw = express.raw({ type: () => true, limit: "1mb" });
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

export const files = Router();

files.post("/upload", upload.array("files"), (req, res) => {
  const described = req.files.map(({ originalname, size, buffer }) => ({
    name: originalname,
    size,
    sha256: sha256(buffer),
  }));
  res.json({ note: req.body.note ?? "", files: described });
});

files.get("/download", (req, res) => res.attachment("items.csv").send("id,name\n1,cup\n"));

async function* lines() {
  for (let number = 0; number < 5; number++) {
    yield `line ${number}\n`;
    await sleep(5);
  }
}

files.get("/stream", async (req, res) => {
  res.type("text");
  await pipeline(Readable.from(lines()), res);
});

files.get("/large", (req, res) => res.type("text").send("0123456789".repeat(60_000)));

files.post("/large", raw, (req, res) => {
  const body = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
  res.json({ size: body.length, sha256: sha256(body) });
});

files.post("/echo", raw, (req, res) => res.set("content-type", req.get("content-type")).send(req.body));
