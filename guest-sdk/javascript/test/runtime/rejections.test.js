// Promises that are rejected and that nobody awaits.
import assert from "node:assert/strict";
import test from "node:test";

import { start } from "./component.js";

/** What an app may do with a promise, each with how many records that is. */
const CASES = {
  "an async function": [1, `(async () => { throw boom; })();`],
  "an async function, later": [1, `(async () => { await null; await null; throw boom; })();`],
  "an async function after the answer": [1, `(async () => { await sleep(20); throw boom; })();`],
  "an async function in a timer": [1, `setTimeout(async () => { await null; throw boom; }, 5);`],
  "a chain": [1, `Promise.resolve().then(() => { throw boom; }).then(() => 1).then(() => 2);`],
  "a chain after a timer": [1, `sleep(5).then(() => 1).then(() => { throw boom; });`],
  "a promise of its own": [1, `new Promise((_, reject) => reject(boom));`],
  "a promise of its own, later": [1, `new Promise((_, reject) => setTimeout(reject, 5, boom));`],
  "an executor that throws": [1, `new Promise(() => { throw boom; });`],
  "a rejected promise": [1, `Promise.reject(boom);`],
  "one of all": [1, `Promise.all([1, sleep(2), Promise.reject(boom)]);`],
  "a promise that follows another": [1, `new Promise((resolve) => resolve(Promise.reject(boom)));`],
  "an async function that returns one": [1, `(async () => Promise.reject(boom))();`],
  "a callback that returns one": [1, `Promise.resolve().then(() => Promise.reject(boom));`],
  "finally": [1, `Promise.reject(boom).finally(() => {});`],
  "with resolvers": [1, `Promise.withResolvers ? Promise.withResolvers().reject(boom) : Promise.reject(boom);`],
  "an async iterator": [
    1,
    `(async () => { for await (const one of (async function* () { yield 1; throw boom; })()); })();`,
  ],
  "two of them": [2, `Promise.reject(boom); (async () => { throw boom; })();`],
  "one that is caught": [0, `(async () => { throw boom; })().catch(() => {});`],
  "one that is caught in another": [
    0,
    `const failed = (async () => { throw boom; })(); (async () => { try { await failed; } catch {} })();`,
  ],
  "one that is caught a little later": [
    0,
    `const failed = Promise.reject(boom); Promise.resolve().then(() => failed.catch(() => {}));`,
  ],
  "one with a second function": [0, `Promise.reject(boom).then(() => {}, () => {});`],
  "one of a race that is lost": [0, `Promise.race([1, Promise.reject(boom)]);`],
  "all settled": [0, `Promise.allSettled([Promise.reject(boom)]);`],
  "any": [0, `Promise.any([1, Promise.reject(boom)]);`],
  "a chain that is caught at its end": [0, `Promise.reject(boom).then(() => 1).then(() => 2).catch(() => {});`],
  "one that follows another, caught": [0, `new Promise((resolve) => resolve(Promise.reject(boom))).catch(() => {});`],
  "a listener": [0, `process.once("unhandledRejection", () => {}); Promise.reject(boom);`],
};
const app = (source) => `const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));
  export default ({ url }) => {
    if (url.endsWith("/ok")) return new Response("ok");
    const boom = new RangeError("nobody awaits");
    ${source}
    return ${"url.endsWith('/async') ? sleep(1).then(() => new Response('ok')) :"} new Response("ok");
  };`;

for (const [what, [count, source]] of Object.entries(CASES)) {
  test(`${what}: ${count} records`, async (t) => {
    const instance = await start(t, app(source));
    for (const target of ["/sync", "/async"]) {
      const answer = await instance.request("GET", target);
      assert.equal(answer.text, "ok");
      assert.equal(answer.errors.length, count, `${target}: ${answer.printed.join("\n")}`);
      for (const { message, error } of answer.errors) {
        assert.match(message, /^a promise that nobody awaits failed: RangeError: nobody awaits/);
        assert.equal(error, "RangeError");
      }
    }
    assert.deepEqual((await instance.request("GET", "/ok")).printed, []);
  });
}

test("promises are those of the engine", async (t) => {
  const instance = await start(
    t,
    `class Own extends Promise {}
    export default async () => {
      const native = Promise.resolve(1);
      const own = new Own((resolve) => resolve(2));
      return Response.json([
        Promise.resolve(native) === native, native instanceof Promise, own instanceof Own, await own,
        own.then(() => 3) instanceof Own, await own.then(() => 3), Object.prototype.toString.call(native),
        typeof Promise.prototype.then, (async () => {})() instanceof Promise, Promise.name, Promise.length,
        await Promise.all([1, native, own]),
      ]);
    };`,
  );
  const found = (await instance.request("GET", "/")).json();
  assert.deepEqual(found, [
    true, true, true, 2, true, 3, "[object Promise]", "function", true, "Promise", 1, [1, 1, 2],
  ]);
});

test("what AsyncLocalStorage stores lasts across each wait", async (t) => {
  const instance = await start(
    t,
    `import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
    const storage = new AsyncLocalStorage();
    const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));
    async function work(number) {
      const before = storage.getStore();
      await sleep(10 - number);
      await null;
      const chained = await sleep(1).then(() => storage.getStore());
      const resource = new AsyncResource("test");
      const outside = storage.exit(() => resource.runInAsyncScope(() => storage.getStore()));
      return [before, chained, outside, storage.getStore()];
    }
    export default async ({ url }) => {
      if (url.endsWith("/enter")) { storage.enterWith("entered"); await sleep(1); }
      else if (url.endsWith("/many")) {
        return Response.json(await Promise.all([1, 2, 3].map((number) => storage.run(number, work, number))));
      }
      return Response.json(storage.getStore() ?? "none");
    };`,
  );
  const many = [1, 2, 3].map((number) => [number, number, number, number]);
  assert.deepEqual((await instance.request("GET", "/many")).json(), many);
  assert.equal((await instance.request("GET", "/enter")).json(), "entered");
  assert.equal((await instance.request("GET", "/")).json(), "none");
});

test("what is rejected at the import is in the log of an instance's first request", async (t) => {
  const instance = await start(t, `Promise.reject(new RangeError("at import")); export default () => new Response("ok");`);
  const first = await instance.request("GET", "/");
  assert.equal(first.errors.length, 1, first.printed.join("\n"));
  assert.match(first.errors[0].message, /RangeError: at import/);
  assert.deepEqual((await instance.request("GET", "/")).errors, []);
});
