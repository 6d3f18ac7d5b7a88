import assert from "node:assert/strict";
import { test } from "node:test";

await import("../../src/guest/promises.js");
const { run } = await import("../../src/guest/phase.js");
await import("../../src/web/abort.js");
run();

test("a signal that is aborted says so, with a reason of the app or of its own", () => {
  const signal = AbortSignal.abort();
  assert.equal(signal.aborted, true);
  assert.throws(() => signal.throwIfAborted(), { name: "AbortError", message: "This operation was aborted" });
  assert.throws(() => AbortSignal.abort("mine").throwIfAborted(), (reason) => reason === "mine");
  const controller = new AbortController();
  controller.signal.throwIfAborted();
  controller.abort();
  assert.equal(controller.signal.reason.name, "AbortError");
});

test("a signal with a time is aborted when it has passed", async () => {
  const signal = AbortSignal.timeout(5);
  assert.equal(signal.aborted, false);
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  assert.equal(signal.reason.name, "TimeoutError");
});

test("any is aborted by the first, at once if one is already", () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const both = AbortSignal.any([one.signal, other.signal]);
  assert.equal(both.aborted, false);
  other.abort(new Error("second"));
  one.abort(new Error("first"));
  assert.equal(both.reason.message, "second");
  assert.equal(AbortSignal.any([AbortSignal.timeout(1000), other.signal]).reason.message, "second");
  assert.equal(AbortSignal.any([]).aborted, false);
});
