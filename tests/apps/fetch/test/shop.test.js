import assert from "node:assert/strict";
import { test } from "node:test";

import app from "../src/index.js";

const ask = (path, init) => app.fetch(new Request(new URL(path, "http://localhost"), init));

const json = (method, value) => ({
  method,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

test("home", async () => {
  const response = await ask("/");
  assert.equal(response.status, 200);
  assert.match(await response.text(), /<h1>Shop<\/h1>/);
});

test("a name beyond ASCII", async () => {
  assert.equal(await (await ask("/hello/Zo%C3%AB")).text(), "Hello, Zoë!");
});

test("items", async () => {
  assert.equal((await ask("/items", json("POST", { name: "", price: 1 }))).status, 422);
  const added = await ask("/items", json("POST", { name: "cup", price: 4.5 }));
  assert.equal(added.status, 201);
  const place = added.headers.get("location");
  assert.deepEqual(await (await ask(place)).json(), await added.json());
  assert.equal((await (await ask(place, json("PUT", { name: "mug", price: 5 }))).json()).name, "mug");
  assert.equal((await ask(place, { method: "DELETE" })).status, 204);
  assert.equal((await ask(place)).status, 404);
});

test("an upload", async () => {
  const body = new FormData();
  body.append("note", "two");
  body.append("files", new File([], "empty"));
  body.append("files", new File([new Uint8Array([0, 1, 2])], "a.bin"));
  const answer = await (await ask("/upload", { method: "POST", body })).json();
  assert.equal(answer.note, "two");
  assert.deepEqual(
    answer.files.map(({ name, size }) => [name, size]),
    [["empty", 0], ["a.bin", 3]],
  );
});

test("the session counts", async () => {
  const first = await ask("/session");
  assert.deepEqual(await first.json(), { count: 1 });
  const cookie = first.headers.get("set-cookie").split(";")[0];
  assert.deepEqual(await (await ask("/session", { headers: { cookie } })).json(), { count: 2 });
  assert.deepEqual(await (await ask("/session", { headers: { cookie: "count=9.AAAA" } })).json(), { count: 1 });
});

test("a template escapes", async () => {
  assert.match(await (await ask("/template?name=<b>")).text(), /<p>Hello, &lt;b&gt;!<\/p>/);
});

test("static files have an etag", async () => {
  const first = await ask("/static/style.css");
  assert.equal(first.status, 200);
  assert.ok(first.headers.get("last-modified"));
  const etag = first.headers.get("etag");
  assert.equal((await ask("/static/style.css", { headers: { "if-none-match": etag } })).status, 304);
});

test("an exception is a 500", async (t) => {
  t.mock.method(console, "error", () => {});
  const response = await ask("/boom");
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /boom/);
});

test("there is no such page", async () => {
  assert.equal((await ask("/nothing")).status, 404);
  assert.equal((await ask("/static/../src/index.js")).status, 404);
});
