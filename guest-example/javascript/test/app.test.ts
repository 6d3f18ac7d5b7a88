import assert from "node:assert/strict";
import { test } from "node:test";

import app from "../src/app";

test("the products are listed", async () => {
  const response = await app.request("/products");
  assert.equal(response.status, 200);
  assert.match(await response.text(), /<li>Kettle<\/li>/);
});

test("what is sent comes back", async () => {
  const response = await app.request("/echo", { method: "POST", body: "tea" });
  assert.equal(await response.text(), "tea");
});

test("another method is not allowed", async () => {
  const response = await app.request("/", { method: "DELETE" });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get("allow"), "GET, HEAD");
});

test("there is no such page", async () => {
  assert.equal((await app.request("/nothing")).status, 404);
});
