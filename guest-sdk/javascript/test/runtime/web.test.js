// What the engine lacks of the web and of Node.js, and what libraries of servers expect to find.
import assert from "node:assert/strict";
import test from "node:test";

import { start } from "./component.js";

const LACKS = ["TextEncoderStream", "TextDecoderStream", "MessageChannel", "MessagePort", "MessageEvent"];

test("streams of text become bytes and back, across the halves of a character", async (t) => {
  const app = await start(
    t,
    `const pieces = ["a", "\\ud83d", "\\ude00", "ë", "\\ud83d"];
    export default () => {
      const texts = ReadableStream.from(pieces).pipeThrough(new TextEncoderStream());
      const split = new TransformStream({
        transform(chunk, out) { for (const byte of chunk) out.enqueue(Uint8Array.of(byte)); },
      });
      const back = texts.pipeThrough(split).pipeThrough(new TextDecoderStream());
      return new Response(back.pipeThrough(new TextEncoderStream()));
    };`,
    { lacks: LACKS },
  );
  assert.equal((await app.request("GET", "/")).text, "a😀ë\ufffd");
});

test("a message channel delivers copies later, in order", async (t) => {
  const app = await start(
    t,
    `export default async () => {
      const { port1, port2 } = new MessageChannel();
      const got = [];
      const both = new Promise((resolve) => {
        port2.onmessage = ({ data }) => { if (got.push(data) > 1) resolve(); };
      });
      const sent = { a: 1 };
      port1.postMessage(sent);
      port1.postMessage("second");
      sent.a = 2;
      const before = got.length;
      await both;
      port1.close();
      return Response.json({ before, got });
    };`,
    { lacks: LACKS },
  );
  assert.deepEqual((await app.request("GET", "/")).json(), { before: 0, got: [{ a: 1 }, "second"] });
});

test("Buffer is there for modules that use the global name, and in no other bundle", async (t) => {
  const used = await start(t, `export default () => new Response(Buffer.from("hi").toString("hex"));`);
  assert.equal((await used.request("GET", "/")).text, "6869");
  const unused = await start(t, `export default () => new Response(typeof globalThis["Buf" + "fer"]);`);
  assert.equal((await unused.request("GET", "/")).text, "undefined");
});

test("a package's files for servers are taken where a browser has none", async (t) => {
  const app = await start(t, {
    "app.js": `import { kind } from "two-sided"; import pino from "pino";
      export default () => new Response(kind + " " + pino.kind);`,
    "package.json": `{ "type": "module" }`,
    "node_modules/two-sided/package.json":
      `{ "main": "index.js", "browser": { "./lib/streams.js": false, "fs": false } }`,
    "node_modules/two-sided/index.js":
      `exports.kind = require("./lib/streams").kind + typeof require("fs").readFileSync;`,
    "node_modules/two-sided/lib/streams.js": `exports.kind = "streams and ";`,
    "node_modules/pino/package.json": `{ "main": "pino.js", "browser": "./browser.js" }`,
    "node_modules/pino/pino.js": `exports.kind = "of servers";`,
    "node_modules/pino/browser.js": `exports.kind = "of browsers";`,
  });
  assert.equal((await app.request("GET", "/")).text, "streams and function of servers");
});

test("loggers write to the descriptors of the output", async (t) => {
  const app = await start(
    t,
    `import { write, writeSync } from "node:fs";
    export default () => new Promise((resolve) => {
      writeSync(1, "one ");
      writeSync(1, new TextEncoder().encode("xline\\n"), 1);
      write(2, "to stderr\\n", () => resolve(new Response("ok")));
    });`,
  );
  const { printed } = await app.request("GET", "/");
  assert.equal(printed[0], "one line");
  assert.match(printed[1], /"WARN".*to stderr/);
});

test("modules that libraries ask at their start have an answer", async (t) => {
  const app = await start(
    t,
    `import v8 from "node:v8"; import { isMainThread, Worker } from "node:worker_threads";
    import cluster from "node:cluster";
    export default () => {
      let said;
      try { new Worker("x.js"); } catch (error) { said = error.message; }
      return Response.json([v8.startupSnapshot.isBuildingSnapshot(), isMainThread, cluster.isPrimary, said]);
    };`,
  );
  const [building, main, primary, said] = (await app.request("GET", "/")).json();
  assert.deepEqual([building, main, primary], [false, true, true]);
  assert.match(said, /threads cannot be started/);
});

test("the older class of streams has members of its own, as signers of tokens rely on", async (t) => {
  const app = await start(
    t,
    `import Stream, { Readable } from "node:stream"; import { inherits } from "node:util";
    function Own() { this.readable = true; this.writable = false; }
    inherits(Own, Stream);
    export default () => {
      const own = new Own();
      const heard = [];
      own.once("done", (value) => heard.push(value));
      own.emit("done", 1);
      return Response.json([own.readable, own.writable, heard, new Readable() instanceof Stream]);
    };`,
  );
  assert.deepEqual((await app.request("GET", "/")).json(), [true, false, [1], true]);
});

test("what a logger writes at once is one record, unless its lines are records", async (t) => {
  const app = await start(
    t,
    `export default () => {
      process.stderr.write("Error: boom\\n    at place\\n");
      process.stdout.write('{"a":1}\\n{"a":2}\\n');
      return new Response();
    };`,
  );
  const { printed } = await app.request("GET", "/");
  assert.deepEqual(JSON.parse(printed[0]), { level: "WARN", message: "Error: boom\n    at place" });
  assert.deepEqual(printed.slice(1), ['{"a":1}', '{"a":2}']);
});
