// Requests and answers of the web's API.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "node:test";

import { start } from "./component.js";

test("HEAD has the headers of the answer and no body", async (t) => {
  const app = await start(
    t,
    `export default ({ url }) => {
    const body = url.endsWith("/stream") ? new Blob(["text"]).stream() : "text";
    return new Response(body, { headers: { "content-length": "4", "x-a": "b" } }); };`,
  );
  for (const target of ["/", "/stream"]) {
    const answer = await app.request("HEAD", target);
    assert.deepEqual([answer.status, answer.text, answer.finished], [200, "", true]);
    assert.deepEqual([answer.all("content-length"), answer.all("x-a")], [["4"], ["b"]]);
  }
  const answer = await app.request("GET", "/");
  assert.deepEqual([answer.all("content-length"), answer.text], [["4"], "text"]);
});

test("statuses without a body", async (t) => {
  const app = await start(t, `export default ({ url }) => new Response(null, { status: Number(url.slice(-3)) });`);
  for (const status of [204, 205, 304, 404]) {
    const answer = await app.request("GET", `/${status}`);
    assert.deepEqual([answer.status, answer.text, answer.finished], [status, "", true]);
  }
});

test("two cookies are two headers", async (t) => {
  const app = await start(
    t,
    `export default () => {
    const response = new Response("");
    response.headers.append("set-cookie", "a=1; Path=/");
    response.headers.append("Set-Cookie", "b=2, 3");
    response.headers.append("vary", "accept");
    response.headers.append("vary", "origin");
    return response; };`,
  );
  const answer = await app.request("GET", "/");
  assert.deepEqual(answer.all("set-cookie"), ["a=1; Path=/", "b=2, 3"]);
  assert.deepEqual(answer.all("vary").join(", "), "accept, origin");
});

test("a request's repeated headers are joined, and a clone has them", async (t) => {
  const app = await start(
    t,
    `export default (request) => {
    const of = ({ headers }) => [headers.get("x-a"), headers.get("cookie"), headers.get("x-none"), headers.has("X-A")];
    return Response.json([of(request), of(request.clone()), [...request.headers]]); };`,
  );
  const headers = [
    ["x-a", "1"],
    ["cookie", "a=b"],
    ["x-a", "2"],
    ["cookie", "c=d"],
  ];
  const [first, clone, entries] = (await app.request("GET", "/", { headers })).json();
  assert.deepEqual(first, ["1, 2", "a=b; c=d", null, true]);
  assert.deepEqual(clone, first);
  assert.deepEqual(entries, [
    ["cookie", "a=b; c=d"],
    ["x-a", "1, 2"],
  ]);
});

test("bytes of headers beyond ASCII are kept", async (t) => {
  const app = await start(
    t,
    `export default ({ headers }) => new Response("", { headers: { "x-b": headers.get("x-a") } });`,
  );
  const value = Uint8Array.from([0x61, 0xe9, 0xff, 0x80, 0xc3, 0xa9, 0x62]);
  const answer = await app.request("GET", "/", { headers: [["x-a", value]] });
  assert.deepEqual(answer.all("x-b"), [Buffer.from(value).toString("latin1")]);
});

test("methods and targets arrive as they are", async (t) => {
  const app = await start(t, `export default ({ method, url }) => Response.json([method, url]);`);
  const targets = ["/", "/a%20b?q=%C3%A9&q=", "/a//b", "/?", "/caf%C3%A9"];
  for (const target of targets) {
    assert.deepEqual((await app.request("GET", target)).json(), ["GET", new URL(`https://shop.example${target}`).href]);
  }
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "TRACE"]) {
    assert.equal((await app.request(method, "/")).json()[0], method);
  }
});

test("a body is whole in each form, whatever its pieces are", async (t) => {
  const app = await start(
    t,
    `export default async (request) => {
    const how = new URL(request.url).pathname.slice(1);
    if (how === "body") return new Response(request.body);
    if (how === "request") return new Response(await new Request(request).bytes());
    const body = await request[how]();
    return new Response(how === "json" ? JSON.stringify(body) : body); };`,
  );
  for (const length of [0, 1, 4096, 4097, 65_536, 300_000]) {
    const bytes = randomBytes(length);
    const pieces = [bytes.subarray(0, length / 3), new Uint8Array(0), bytes.subarray(length / 3)];
    for (const how of ["arrayBuffer", "bytes", "blob", "body", "request"]) {
      const answer = await app.request("POST", `/${how}`, { pieces });
      assert.ok(answer.bytes.equals(bytes), `${how} of ${length} bytes`);
    }
  }
  const text = JSON.stringify({ word: "Grüße 🎉".repeat(9000) });
  for (const how of ["text", "json"]) assert.equal((await app.request("PUT", `/${how}`, { body: text })).text, text);
});

test("streams go both ways piece by piece", async (t) => {
  const app = await start(
    t,
    `export default (request) => new Response(request.body.pipeThrough(new TransformStream({
    transform(chunk, controller) { controller.enqueue(chunk.map((byte) => byte + 1)); } })));`,
  );
  const pieces = [1, 2, 3].map((length) => new Uint8Array(length).fill(length));
  const answer = await app.request("POST", "/", { pieces });
  assert.deepEqual([...answer.bytes], [2, 3, 3, 4, 4, 4]);
  const order = (event) => answer.events.indexOf(event);
  assert.ok(order("write 1") < order("read 3"), `the first piece left before the last one arrived: ${answer.events}`);
  assert.ok(order("write 1") > order("answer 200"));
});

test("a stream sends what it has before it goes on", async (t) => {
  const app = await start(
    t,
    `const wait = (delay) => new Promise((resolve) => setTimeout(resolve, delay));
    export default () => new Response(new ReadableStream({ async start(controller) {
      controller.enqueue(new TextEncoder().encode("first")); await wait(20); console.log("later");
      controller.enqueue(new Uint8Array(10_000)); controller.close(); } }));`,
  );
  const answer = await app.request("GET", "/");
  assert.deepEqual(answer.events, ["answer 200", "write 5", "write 4096", "write 4096", "write 1808", "finish"]);
});

test("a body that is read twice is a TypeError", async (t) => {
  const app = await start(
    t,
    `export default async (request) => {
    await request.text();
    try { await request.text(); } catch (error) { return Response.json([error.name, request.bodyUsed]); } };`,
  );
  assert.deepEqual((await app.request("POST", "/", { body: "a" })).json(), ["TypeError", true]);
});

test("a body that breaks off is an error of who reads it", async (t) => {
  const app = await start(
    t,
    `export default async (request) => {
    try { return new Response(await request.text());
      } catch (error) { return new Response(error.name, { status: 400 }); } };`,
  );
  const answer = await app.request("POST", "/", { pieces: [Buffer.from("a"), { fails: "reset" }] });
  assert.deepEqual([answer.status, answer.text], [400, "TypeError"]);
});

test("clones of requests and responses have bodies of their own", async (t) => {
  const app = await start(
    t,
    `export default async (request) => {
    const how = new URL(request.url).pathname;
    if (how === "/touched") void request.body;
    const clone = request.clone();
    const texts = how === "/second" ? [await clone.text(), await request.text()] : [await request.text(),
      await clone.text()];
    const bodies = [() => texts[0], () => new TextEncoder().encode(texts[0]), () => new Blob([texts[0]]).stream(),
      () => new Blob([texts[0]]), () => new URLSearchParams({ a: texts[0] })];
    const found = [];
    for (const body of bodies) {
      const response = new Response(body(), { status: 201, headers: [["set-cookie", "a"], ["set-cookie", "b"]] });
      const copy = response.clone();
      found.push([await copy.text() === await response.text(), copy.status, copy.headers.getSetCookie().length]);
    }
    let error; try { request.clone(); } catch ({ name }) { error = name; }
    return Response.json({ texts, clone: [clone.method, clone.url === request.url], found, error }); };`,
  );
  for (const target of ["/", "/second", "/touched"]) {
    const body = "é".repeat(80_000);
    const found = (await app.request("POST", target, { body })).json();
    assert.deepEqual(found.texts, [body, body]);
    assert.deepEqual(found.clone, ["POST", true]);
    assert.deepEqual(found.found, Array(5).fill([true, 201, 2]));
    assert.equal(found.error, "TypeError");
  }
  const trace = await start(t, `export default (request) => new Response(request.clone().method);`);
  for (const method of ["GET", "HEAD", "PATCH", "TRACE"]) {
    const answer = await trace.request(method, "/");
    assert.deepEqual([answer.status, answer.text], [200, method === "HEAD" ? "" : method]);
  }
});

test("fields of an answer, whatever they were made of", async (t) => {
  const app = await start(
    t,
    `const given = { "X-A": "1" };
    const makers = {
      plain: () => new Response("a", { headers: { "Content-Type": "text/html; charset=UTF-8" } }),
      twice: () => new Response("a", { headers: { "X-A": "1", "x-a": "2" } }),
      number: () => new Response("a", { headers: { "X-A": 1 } }),
      spaces: () => new Response("a", { headers: { "X-A": " 1 " } }),
      null: () => new Response("a", { headers: Object.assign(Object.create(null), { "x-a": "1" }) }),
      changed: () => { const response = new Response("a", { headers: given }); given["X-A"] = "2"; return response; },
      later: () => { const response = new Response("a", { headers: { "X-A": "1" } });
        response.headers.append("x-a", "2"); response.headers.delete("content-type"); return response; },
      iterable: () => new Response("a", { headers: { *[Symbol.iterator]() { yield ["x-a", "1"]; } } }),
      hop: () => new Response("a", { headers: { connection: "close" } }),
      alone: () => new Response(null, { headers: { "X-A": "1" } }),
    };
    export default ({ url }) => makers[new URL(url).pathname.slice(1)]();`,
  );
  const text = "text/plain;charset=UTF-8";
  const wanted = {
    plain: [["text/html; charset=UTF-8"], []],
    twice: [[text], ["1, 2"]],
    number: [[text], ["1"]],
    spaces: [[text], ["1"]],
    null: [[text], ["1"]],
    changed: [[text], ["1"]],
    later: [[], ["1, 2"]],
    iterable: [[text], ["1"]],
    hop: [[text], []],
    alone: [[], ["1"]],
  };
  for (const [name, [type, own]] of Object.entries(wanted)) {
    // Several answers: what they have in common is kept.
    for (let time = 0; time < 4; time += 1) {
      const answer = await app.request("GET", `/${name}`);
      if (name === "changed" && time > 0) own[0] = "2";
      assert.deepEqual(answer.all("content-type"), type, name);
      assert.deepEqual([answer.all("x-a").join(", ")].filter(Boolean), own, name);
      assert.deepEqual(answer.all("connection"), []);
    }
  }
});

test("many different fields, one in each answer", async (t) => {
  const app = await start(
    t,
    `export default ({ url }) => new Response(null, { headers: { "x-a": new URL(url).pathname.slice(1) } });`,
  );
  for (let round = 0; round < 3; round += 1) {
    for (let number = 0; number < 250; number += 1) {
      assert.deepEqual((await app.request("GET", `/${number}`)).all("x-a"), [String(number)]);
    }
  }
});

test("names and values that are none are refused where they are given", async (t) => {
  const app = await start(
    t,
    `export default ({ url }) => {
    const [name, value] = JSON.parse(decodeURIComponent(new URL(url).search.slice(1)));
    try { return new Response("a", { headers: { [name]: value } }); }
    catch (error) { return new Response(error.name, { status: 400 }); } };`,
  );
  for (const field of [["a b", "1"], ["", "1"], ["x-a", "1\n2"], ["x-a", "\u0100"]]) {
    const answer = await app.request("GET", `/?${encodeURIComponent(JSON.stringify(field))}`);
    assert.deepEqual([answer.status, answer.text], [400, "TypeError"], field[0]);
  }
});
