// What fails is in the log once, and the instance answers on.
import assert from "node:assert/strict";
import test from "node:test";

import { start } from "./component.js";

const FAILING = {
  "a function that throws": `export default ({ url }) => { if (url.endsWith("/ok")) return new Response("ok");
    throw new RangeError("no stock"); };`,
  "an async function": `export default async ({ url }) => { await null;
    if (url.endsWith("/ok")) return new Response("ok");
    throw new RangeError("no stock"); };`,
  "a listener": `import "node:http"; export default (request, response) => {
    if (request.url === "/ok") return response.end("ok"); throw new RangeError("no stock"); };`,
  "an async listener": `import "node:http"; export default async (request, response) => { await null;
    if (request.url === "/ok") return void response.end("ok"); throw new RangeError("no stock"); };`,
  "a stream before its first piece": `export default ({ url }) => new Response(url.endsWith("/ok") ? "ok" :
    new ReadableStream({ pull() { throw new RangeError("no stock"); } }));`,
};
for (const [what, source] of Object.entries(FAILING)) {
  test(`${what}: one record, a 500, and the next request is answered`, async (t) => {
    const app = await start(t, source);
    const failed = await app.request("GET", "/shop?secret=1");
    assert.deepEqual([failed.status, failed.text, failed.finished], [500, "Internal Server Error\n", true]);
    assert.equal(failed.errors.length, 1, failed.printed.join("\n"));
    assert.match(failed.errors[0].message, /GET \/shop failed: RangeError: no stock/);
    assert.ok(!failed.errors[0].message.includes("secret"));
    assert.equal(failed.errors[0].error, "RangeError");
    const next = await app.request("GET", "/ok");
    assert.deepEqual([next.status, next.text, next.errors], [200, "ok", []]);
  });
}

test("anything can be thrown", async (t) => {
  const app = await start(
    t,
    `const thrown = [undefined, null, "text", 3, { a: 1 }, Symbol("s"), Object.create(null), 1n,
    () => {}, new AggregateError([new Error("inner")], "outer"), new Error("outer", { cause: new Error("inner") })];
    export default ({ url }) => { const at = Number(url.split("/").pop());
      if (at < 0) return new Response(String(thrown.length));
      throw thrown[at]; };`,
  );
  const count = Number((await app.request("GET", "/-1")).text);
  for (let at = 0; at < count; at += 1) {
    const answer = await app.request("GET", `/${at}`);
    assert.deepEqual([answer.status, answer.errors.length], [500, 1], `the one at ${at}`);
    if (at >= count - 2) assert.match(answer.errors[0].message, /outer[^]*inner/);
  }
});

test("an app that returns no response", async (t) => {
  const app = await start(t, `export default ({ url }) => url.endsWith("/text") ? "text" : undefined;`);
  assert.match((await app.request("GET", "/")).errors[0].message, /the app returned nothing, not a Response/);
  assert.match((await app.request("GET", "/text")).errors[0].message, /the app returned string, not a Response/);
});

test("a stream that fails on the way breaks the answer off", async (t) => {
  const app = await start(
    t,
    `export default ({ url }) => { let at = 0; return new Response(url.endsWith("/ok") ? "ok" :
    new ReadableStream({ pull(controller) { if (at++) throw new Error("half"); controller.enqueue(new Uint8Array(3));
      } })); };`,
  );
  const answer = await app.request("GET", "/");
  assert.deepEqual([answer.status, answer.bytes.length, answer.finished, answer.errors.length], [200, 3, false, 1]);
  assert.equal((await app.request("GET", "/ok")).text, "ok");
});

test("a failure after the answer is a record that says so", async (t) => {
  const app = await start(
    t,
    `import { waitUntil } from "funcserver";
    export default ({ url }, env, context) => {
      if (url.endsWith("/context")) context.waitUntil(Promise.reject(new Error("late")));
      if (url.endsWith("/package")) waitUntil((async () => { await null; throw new Error("late"); })());
      if (url.endsWith("/timer")) setTimeout(() => { throw new Error("late"); }, 5);
      return new Response("ok"); };`,
  );
  for (const target of ["/context", "/package", "/timer"]) {
    const answer = await app.request("GET", target);
    assert.deepEqual([answer.status, answer.text, answer.finished, answer.errors.length], [200, "ok", true, 1], target);
    assert.match(answer.errors[0].message, /Error: late/);
  }
  const node = await start(
    t,
    `import "node:http"; export default async (request, response) => { response.end("ok");
    await null; throw new Error("late"); };`,
  );
  const answer = await node.request("GET", "/");
  assert.deepEqual([answer.status, answer.text, answer.finished, answer.errors.length], [200, "ok", true, 1]);
});

test("work after the answer ends before the request does", async (t) => {
  const app = await start(
    t,
    `const wait = (delay) => new Promise((resolve) => setTimeout(resolve, delay));
    export default (request, env, context) => {
      context.waitUntil(wait(300).then(() => console.log("waited")));
      setTimeout((word) => { console.log(word); setTimeout(() => console.log("nested"), 5); }, 10, "timer");
      clearTimeout(setTimeout(() => console.log("cleared"), 1));
      setInterval(() => {}, 1000); setTimeout(() => console.log("unref"), 3000).unref();
      setImmediate(() => console.log("immediate")); queueMicrotask(() => console.log("microtask"));
      return new Response("ok"); };`,
  );
  const answer = await app.request("GET", "/");
  assert.deepEqual(answer.printed, ["microtask", "immediate", "timer", "nested", "waited"]);
});

test("a promise that is never settled is an error, and the next request is answered", async (t) => {
  const fetching = await start(
    t,
    `export default ({ url }) => url.endsWith("/ok") ? new Response("ok") : new Promise(() => {});`,
  );
  const listening = await start(
    t,
    `import "node:http"; export default (request, response) => {
    if (request.url === "/ok") response.end("ok"); };`,
  );
  for (const app of [fetching, listening]) {
    const answer = await app.request("GET", "/");
    assert.deepEqual([answer.status, answer.errors.length], [500, 1]);
    assert.match(answer.errors[0].message, /can never be settled/);
    assert.equal((await app.request("GET", "/ok")).text, "ok");
  }
});

test("a start that fails is tried again", async (t) => {
  const app = await start(
    t,
    `import { onStart } from "funcserver"; let times = 0; let word;
    onStart(async () => { times += 1; if (times === 1) throw new Error("no database"); word = process.env.WORD; });
    export default () => new Response(word + times);`,
    { variables: { WORD: "ok" }, granted: ["WORD"] },
  );
  const failed = await app.request("GET", "/");
  assert.equal(failed.status, 500);
  assert.match(failed.errors[0].message, /no database/);
  for (const time of [1, 2]) assert.equal((await app.request("GET", "/")).text, "ok2", `request ${time}`);
});
