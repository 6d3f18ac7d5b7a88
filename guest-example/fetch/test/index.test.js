import assert from "node:assert/strict";
import { test } from "node:test";

import app from "../src/index.js";

const ask = (path, init) => app.fetch(new Request(new URL(path, "http://localhost"), init));
const order = (value) => ({ method: "POST", body: JSON.stringify(value) });

test("the products are listed", async () => {
  const response = await ask("/products");
  assert.equal(response.status, 200);
  assert.match(await response.text(), /<li>Kettle<\/li>/);
});

test("the total of an order", async () => {
  assert.deepEqual(await (await ask("/api/total", order({ cup: 2, teapot: 1 }))).json(), { total: 33.5 });
  assert.equal((await ask("/api/total", order({ spoon: 1 }))).status, 422);
});

test("there is no such page", async () => {
  assert.equal((await ask("/nothing")).status, 404);
});
