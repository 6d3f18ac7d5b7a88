import assert from "node:assert/strict";
import { test } from "node:test";

import request from "supertest";

import { app } from "../src/app.js";

test("the products are listed", async () => {
  const { text } = await request(app).get("/products").expect(200);
  assert.match(text, /<li>Kettle<\/li>/);
});

test("a product", async () => {
  await request(app).get("/api/products/cup").expect(200, { name: "Cup", price: 4.5 });
  await request(app).get("/api/products/spoon").expect(404);
});

test("the total of an order", async () => {
  await request(app).post("/api/total").send({ cup: 2, teapot: 1 }).expect({ total: 33.5 });
  await request(app).post("/api/total").send({ spoon: 1 }).expect(422);
});
