import assert from "node:assert/strict";
import { test } from "node:test";

import request from "supertest";

import { app } from "../src/app.js";

test("home", async () => {
  const { text } = await request(app).get("/").expect(200);
  assert.match(text, /<h1>Shop<\/h1>/);
});

test("a name beyond ASCII", async () => {
  await request(app).get("/hello/Zo%C3%AB").expect("Hello, Zoë!");
});

test("items", async () => {
  await request(app).post("/items").send({ name: "", price: 1 }).expect(422);
  const added = await request(app).post("/items").send({ name: "cup", price: 4.5 }).expect(201);
  const place = added.headers.location;
  await request(app).get(place).expect(200, added.body);
  const changed = await request(app).put(place).send({ name: "mug", price: 5 }).expect(200);
  assert.equal(changed.body.name, "mug");
  await request(app).delete(place).expect(204);
  await request(app).get(place).expect(404);
});

test("an upload", async () => {
  const sent = request(app)
    .post("/upload")
    .field("note", "two")
    .attach("files", Buffer.alloc(0), "empty")
    .attach("files", Buffer.from([0, 1, 2]), "a.bin");
  const { body } = await sent.expect(200);
  assert.equal(body.note, "two");
  assert.deepEqual(
    body.files.map(({ name, size }) => [name, size]),
    [["empty", 0], ["a.bin", 3]],
  );
});

test("the session counts", async () => {
  const agent = request.agent(app);
  await agent.get("/session").expect({ count: 1 });
  await agent.get("/session").expect({ count: 2 });
});

test("a message is shown once", async () => {
  const agent = request.agent(app);
  const { text } = await agent.post("/flash").redirects(1);
  assert.match(text, /on its way/);
  assert.match((await agent.get("/messages")).text, /No messages/);
});

test("a template escapes", async () => {
  const { text } = await request(app).get("/template?name=<b>");
  assert.match(text, /<p>Hello, &lt;b&gt;!<\/p>/);
});

test("static files have an etag", async () => {
  const { headers } = await request(app).get("/static/style.css").expect(200);
  await request(app).get("/static/style.css").set("if-none-match", headers.etag).expect(304);
});

test("an exception is a 500", async (t) => {
  t.mock.method(console, "error", () => {});
  const { text } = await request(app).get("/boom").expect(500);
  assert.doesNotMatch(text, /boom/);
});

test("there is no such page", async () => {
  await request(app).get("/nothing").expect(404);
  await request(app).get("/static/../app.js").expect(404);
});
