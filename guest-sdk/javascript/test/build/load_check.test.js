import assert from "node:assert/strict";
import { test } from "node:test";

import { answerLoadCheck } from "../../src/guest/load_check.js";

async function answered(load) {
  const parts = [];
  const reply = {
    begin: (status) => parts.push(status),
    write: (bytes) => parts.push(JSON.parse(new TextDecoder().decode(bytes))),
    end: () => parts.push("end"),
  };
  await answerLoadCheck(reply, load);
  assert.equal(parts.pop(), "end");
  return parts;
}

test("the tool learns how long the import took", async () => {
  const [status, { seconds }] = await answered(() => new Promise((resolved) => setTimeout(resolved, 30)));
  assert.equal(status, 200);
  assert.ok(seconds > 0.02 && seconds < 10);
});

test("the tool learns what failed, and where in the app", async () => {
  const error = new TypeError("no stock\nin any shop");
  error.stack = [
    "TypeError: no stock",
    "    at find (node_modules/stock/index.js:7:1)",
    "    at open (src/bundle.js:3:9)",
    "    at load (sources/bundle.js:3064:21)",
    "    at __init (bundle.js:7:58)",
  ].join("\n");
  const [status, result] = await answered(() => Promise.reject(error));
  assert.equal(status, 500);
  assert.deepEqual(result, {
    error: "TypeError: no stock (src/bundle.js:3)",
    traceback: "    at find (node_modules/stock/index.js:7:1)\n    at open (src/bundle.js:3:9)",
  });
  const thrown = () => {
    throw "text";
  };
  assert.deepEqual(await answered(thrown), [500, { error: "text", traceback: "" }]);
});
