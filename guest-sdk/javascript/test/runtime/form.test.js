// Forms, as a browser and as Node.js write them.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import test from "node:test";

import { start } from "./component.js";

const APP = `import { createHash } from "node:crypto";
const described = async (value) => typeof value === "string" ? value : [value.name, value.type, value.size,
  createHash("sha256").update(await value.bytes()).digest("hex"), value instanceof File];
export default async (request) => {
  try {
    const found = [];
    for (const [name, value] of await request.formData()) found.push([name, await described(value)]);
    return Response.json(found);
  } catch (error) { return Response.json([error.name, error.message], { status: 400 }); }
};`;
const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** A form as Node.js sends it. */
async function sent(form) {
  const request = new Request("http://localhost", { method: "POST", body: form });
  return {
    headers: [["content-type", request.headers.get("content-type")]],
    body: new Uint8Array(await request.arrayBuffer()),
  };
}

const multipart = (body, boundary = "b") => ({
  headers: [["content-type", `multipart/form-data; boundary=${boundary}`]],
  body,
});

test("files of any bytes, names and repeated fields", async (t) => {
  const app = await start(t, APP);
  for (const length of [0, 1, 2, 4096, 300_000]) {
    const bytes = randomBytes(length);
    const form = new FormData();
    form.append("word", "Grüße 🎉\r\nline");
    form.append("file", new File([bytes], `naïve "${length}".bin`, { type: "image/png" }));
    form.append("word", "");
    form.append("file", new File(["\r\n--"], "second"));
    form.append('a "name"\n', "x");
    const answer = await app.request("POST", "/", await sent(form));
    assert.deepEqual(answer.json(), [
      ["word", "Grüße 🎉\r\nline"],
      ["file", [`naïve "${length}".bin`, "image/png", length, digest(bytes), true]],
      ["word", ""],
      ["file", ["second", "application/octet-stream", 4, digest("\r\n--"), true]],
      ['a "name"\r\n', "x"],
    ]);
  }
});

test("bytes that look like a boundary", async (t) => {
  const app = await start(t, APP);
  for (const content of ["\r\n--bo", "--b\r\n", "\n--b--", "\r\n\r\n--b", "\r", "\r\n-", "\0\xff"]) {
    const body = Buffer.from(
      `--bound\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n${content}\r\n--bound--\r\n`,
      "latin1",
    );
    const [[, [, , , found]]] = (await app.request("POST", "/", multipart(body, "bound"))).json();
    assert.equal(found, digest(Buffer.from(content, "latin1")), JSON.stringify(content));
  }
});

test("what other clients write", async (t) => {
  const app = await start(t, APP);
  const parts = [
    ["form-data; name=plain", "plain"],
    ['FORM-DATA; Name="case"', "case"],
    ['form-data; filename=""; name="empty"', ["", "application/octet-stream", 1, digest("x"), true]],
    [
      `form-data; name="star"; filename="a"; filename*=UTF-8''%e2%82%ac.txt`,
      ["€.txt", "application/octet-stream", 1, digest("x"), true],
    ],
    [
      'form-data; name="path"; filename="C:\\dir\\a.txt"',
      ["C:\\dir\\a.txt", "application/octet-stream", 1, digest("x"), true],
    ],
    [
      'form-data; name="semi;colon"; filename="a;b=c.txt"',
      ["a;b=c.txt", "application/octet-stream", 1, digest("x"), true],
    ],
  ];
  const names = ["plain", "case", "empty", "star", "path", "semi;colon"];
  const text = parts
    .map(
      ([disposition, value]) =>
        `--q\r\ncontent-disposition: ${disposition}\r\n\r\n${typeof value === "string" ? value : "x"}\r\n`,
    )
    .join("");
  const body = `a preamble\r\n${text}--q--\r\nan epilogue`;
  const headers = [["content-type", 'Multipart/Form-Data; charset=utf-8; boundary="q"']];
  assert.deepEqual(
    (await app.request("POST", "/", { headers, body })).json(),
    parts.map(([, value], at) => [names[at], value]),
  );
});

test("an urlencoded form", async (t) => {
  const app = await start(t, APP);
  const headers = [["content-type", "application/x-www-form-urlencoded; charset=UTF-8"]];
  const body = "a=1&b=%C3%A9+x&a=2&c&=d&e=%zz&f=%FF";
  const expected = [...new URLSearchParams(body)];
  assert.deepEqual((await app.request("POST", "/", { headers, body })).json(), expected);
  assert.deepEqual((await app.request("POST", "/", { headers })).json(), []);
});

test("a malformed form is a TypeError", async (t) => {
  const app = await start(t, APP);
  const part = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx';
  const bodies = [
    "",
    "x",
    "--b",
    "--b\r\n",
    part,
    `${part}\r\n--b`,
    `${part}\r\n--other--`,
    `--bx${part}`,
    "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
    "--b\r\nno colon\r\n\r\nx\r\n--b--",
    '--b\r\nContent-Disposition: attachment; name="a"\r\n\r\nx\r\n--b--',
    "--b\r\n\r\nx\r\n--b--",
  ];
  for (const body of bodies) {
    const answer = await app.request("POST", "/", multipart(body));
    assert.deepEqual([answer.status, answer.json()[0]], [400, "TypeError"], JSON.stringify(body));
  }
  for (const type of ["multipart/form-data", "text/plain", "application/json", "multipart/form-data; boundary="]) {
    const answer = await app.request("POST", "/", { headers: [["content-type", type]], body: `${part}\r\n--b--` });
    assert.deepEqual([answer.status, answer.json()[0]], [400, "TypeError"], type);
  }
  assert.deepEqual((await app.request("POST", "/", multipart(`${part}\r\n--b--`))).json(), [["a", "x"]]);
});

test("a form that the app sends is one that Node.js reads", async (t) => {
  const app = await start(
    t,
    `export default async (request) => {
    const form = new FormData();
    form.append('a "quoted"', "line\\nline");
    form.append("file", new File([await request.bytes()], "ü.bin", { type: "x/y" }));
    return new Response(form); };`,
  );
  const bytes = randomBytes(70_000);
  const answer = await app.request("POST", "/", { body: bytes });
  const form = await new Response(answer.bytes, {
    headers: { "content-type": answer.all("content-type")[0] },
  }).formData();
  assert.equal(form.get('a "quoted"'), "line\r\nline");
  const file = form.get("file");
  assert.deepEqual([file.name, file.type], ["ü.bin", "x/y"]);
  assert.ok(Buffer.from(await file.arrayBuffer()).equals(bytes));
});
