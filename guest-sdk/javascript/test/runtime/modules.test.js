// Modules of Node.js, against Node.js' own: the same program runs here and in a component.
import assert from "node:assert/strict";
import crypto, { randomBytes } from "node:crypto";
import test from "node:test";

import { start } from "./component.js";

/** What an expression of the body `bytes` gives, as JSON, in a component and here. */
async function same(t, imports, expressions, inputs, options) {
  const names = Object.keys(imports);
  const source = `${names.map((name) => `import ${name} from "${imports[name]}";`).join("\n")}
    const all = [${expressions.map((text) => `async (bytes) => ${text}`).join(",\n")}];
    export default async (request) => {
      const bytes = await request.bytes();
      const found = [];
      for (const one of all) { try { found.push(await one(bytes));
        } catch (error) { found.push("threw " + error.name); } }
      return Response.json(found);
    };`;
  const app = await start(t, source, options);
  const natives = await Promise.all(names.map((name) => import(imports[name]).then((module) => module.default)));
  for (const input of inputs) {
    const answer = await app.request("POST", "/", { body: input });
    assert.equal(answer.status, 200, answer.printed.join("\n"));
    const found = answer.json();
    for (const [at, text] of expressions.entries()) {
      const make = new Function(...names, "bytes", `return (async () => ${text})()`);
      let expected;
      try {
        expected = await make(...natives, Uint8Array.from(input));
      } catch (error) {
        expected = `threw ${error.name}`;
      }
      assert.deepEqual(found[at], JSON.parse(JSON.stringify(expected) ?? "null"), `${text} of ${input.length} bytes`);
    }
  }
}

const INPUTS = [0, 1, 63, 64, 65, 1000, 70_000].map((length) => randomBytes(length));

test("Buffer", async (t) => {
  const encodings = ["hex", "base64", "base64url", "latin1", "utf8", "ascii", "utf16le", "binary", "ucs2"];
  await same(
    t,
    { buffer: "node:buffer" },
    [
      ...encodings.map((name) => `buffer.Buffer.from(bytes).toString("${name}").length`),
      ...encodings.map(
        (name) => `buffer.Buffer.from(buffer.Buffer.from(bytes).toString("${name}"), "${name}").toString("hex")`,
      ),
      ...encodings.map((name) => `buffer.Buffer.from("Grüße 🎉 YQ==", "${name}").toString("hex")`),
      ...encodings.map(
        (name) => `buffer.Buffer.byteLength(${/base64|hex/.test(name) ? '"YWJj"' : '"Grüße 🎉"'}, "${name}")`,
      ),
      `buffer.Buffer.from(bytes).toString("base64url")`,
      `Buffer.from(bytes).subarray(1, -1).toString("hex", 2, 9)`,
      `Buffer.concat([Buffer.from(bytes), Buffer.alloc(3, "ab")]).toString("base64")`,
      `Buffer.from(bytes).toString()`,
      `Buffer.from(bytes).toString("UTF-8", 3, 40)`,
      `Buffer.from(bytes).toString("utf8", -2, 9)`,
      `Buffer.from(bytes).toString("utf8", 5, 2)`,
      `Buffer.from(bytes).toString(undefined, 1)`,
      `String(Buffer.from("\ufeffa"))`,
      `(() => { const b = Buffer.alloc(6, "_-", "base64url"); b.write("a-_b", 1, "base64url");
        return b.toString("hex"); })()`,
      `Buffer.from([1, 0x6b, 0xef]).indexOf("a-8", "base64url")`,
      `Buffer.alloc(4).fill("a-_b", "base64url").toString("hex")`,
      `Buffer.from(bytes).equals(bytes)`,
      `Buffer.compare(Buffer.from(bytes), Buffer.from("m"))`,
      `Buffer.from(bytes).indexOf(Buffer.from([255]))`,
      `Buffer.from(bytes).readUInt32BE(2)`,
      `Buffer.from(bytes).readDoubleLE(8)`,
      `String(Buffer.from(bytes).readBigInt64LE(3))`,
      `JSON.stringify(Buffer.from(bytes).subarray(0, 5))`,
      `Buffer.from(bytes).swap16().toString("hex")`,
      `Buffer.isEncoding("base64url") && Buffer.isBuffer(Buffer.from(bytes)) && !Buffer.isBuffer(bytes)`,
      `(() => { const b = Buffer.alloc(12); b.writeInt16LE(-2, 1); b.writeUIntBE(0x123456, 4, 3); b.write("é", 8);
        return b.toString("hex"); })()`,
      `Buffer.from("zz", "hex").length`,
      `Buffer.from("YQ", "base64").toString()`,
      `Buffer.from("a-_b", "base64").toString("hex")`,
      `Buffer.from({ length: 2, 0: 1, 1: 258 }).toString("hex")`,
      `Buffer.from(undefined)`,
      `Buffer.from(new Uint16Array([1, 258])).toString("hex")`,
    ],
    INPUTS,
  );
});

test("hashes and message authentication codes", async (t) => {
  const names = ["md5", "sha1", "sha224", "sha256", "SHA384", "sha512", "RSA-SHA256"];
  const text = (name) => [
    `crypto.createHash("${name}").update(bytes).digest("hex")`,
    `crypto.createHash("${name}").update("é").update(bytes).update("ff", "hex").digest("base64url")`,
    `crypto.createHmac("${name}", bytes).update("text").digest("base64")`,
    `crypto.createHmac("${name}", "key é").update(bytes).digest().toString("hex")`,
  ];
  await same(
    t,
    { crypto: "node:crypto" },
    [
      ...names.flatMap(text),
      `crypto.createHash("nonesuch").digest("hex")`,
      `crypto.createHash("sha256").copy().update(bytes).digest("hex")`,
      `(() => { const h = crypto.createHash("sha1").update(bytes); const c = h.copy(); h.update("x");
      return [h.digest("hex"), c.digest("hex")]; })()`,
      `(() => { const h = crypto.createHash("sha1"); h.digest(); return h.digest("hex"); })()`,
      `(() => { const h = crypto.createHash("sha1"); h.digest(); return h.update("x").digest("hex"); })()`,
      `crypto.createHash("sha256").update(3).digest("hex")`,
      `new Promise((done) => { const h = crypto.createHash("sha256"); h.on("readable", () => { const d = h.read();
      if (d) done(d.toString("hex")); }); h.write(bytes.length ? bytes : "-"); h.end(); })`,
      `crypto.createHmac("sha256",
        crypto.createSecretKey(Buffer.from(bytes.length ? bytes : [1]))).update("a").digest("hex")`,
      `crypto.timingSafeEqual(Buffer.from(bytes), bytes)`,
      `crypto.timingSafeEqual(Buffer.from("a"), Buffer.from("b"))`,
      `crypto.timingSafeEqual(Buffer.from("a"), Buffer.from("bc"))`,
      `crypto.subtle.digest("SHA-256", bytes).then((found) => Buffer.from(found).toString("hex"))`,
    ],
    INPUTS,
  );
});

test("streams of Node.js and of the web become one another", async (t) => {
  await same(
    t,
    { stream: "node:stream" },
    [
      `[...(await new Response(stream.Readable.toWeb(stream.Readable.from([bytes, bytes]))).bytes?.() ??
        new Uint8Array(await new Response(stream.Readable.toWeb(stream.Readable.from([bytes, bytes]))).arrayBuffer()))]`,
      `(async () => { let size = 0;
        for await (const piece of stream.Readable.fromWeb(new Blob([bytes, "end"]).stream())) size += piece.length;
        return size; })()`,
      `(async () => { const source = stream.Readable.from([bytes, bytes]);
        await stream.Readable.toWeb(source).cancel(); return source.destroyed; })()`,
    ],
    INPUTS,
  );
});

test("keys that are derived of passwords", async (t) => {
  await same(
    t,
    { crypto: "node:crypto", util: "node:util" },
    [
      `crypto.pbkdf2Sync(bytes, "salt", 10, 33, "sha256").toString("hex")`,
      `crypto.pbkdf2Sync("pässword", bytes, 3, 64, "sha512").toString("hex")`,
      `util.promisify(crypto.pbkdf2)("a", bytes, 2, 20, "sha1").then((key) => key.toString("hex"))`,
      `crypto.scryptSync("pässword", bytes, 64, { N: 16, r: 8, p: 2 }).toString("hex")`,
      `crypto.scryptSync(bytes, "salt", 32, { cost: 32, blockSize: 4, parallelization: 1 }).toString("base64")`,
      `util.promisify(crypto.scrypt)("a", bytes, 20, { N: 8 }).then((key) => key.toString("hex"))`,
      `Buffer.from(crypto.hkdfSync("sha256", "key", bytes, "info", 40)).toString("hex")`,
    ],
    [0, 1, 64, 200].map((length) => randomBytes(length)),
  );
});

/** Texts of characters that the forms change, all of Unicode 8: the library has no later ones. */
function unusual() {
  const ranges = [
    [0x20, 0x7e],
    [0xa0, 0x17f],
    [0x300, 0x36f],
    [0x1e00, 0x1eff],
    [0x1100, 0x11ff],
    [0xac00, 0xd7a3],
    [0xfb00, 0xfb4f],
    [0xff00, 0xffef],
    [0x1d400, 0x1d7ff],
    [0x3040, 0x30ff],
    [0x900, 0x97f],
    [0xac0, 0xaf1],
    [0x2100, 0x214f],
  ];
  const pick = () => {
    const [first, last] = ranges[crypto.randomInt(ranges.length)];
    return String.fromCodePoint(crypto.randomInt(first, last + 1));
  };
  return Array.from({ length: crypto.randomInt(1, 12) }, pick).join("");
}

test("String.prototype.normalize, which the engine lacks", async (t) => {
  const app = await start(
    t,
    `export default async (request) => {
    const own = String.prototype.normalize.toString().includes("native code");
    const forms = ["NFC", "NFD", "NFKC", "NFKD", undefined];
    const texts = await request.json();
    let error; try { "a".normalize("nfc"); } catch ({ name }) { error = name; }
    return Response.json({ own, error, found: texts.map((text) => forms.map((form) => text.normalize(form))) }); };`,
    { lacks: ["String.prototype.normalize"] },
  );
  const texts = [
    "",
    "abc",
    "e\u0301",
    "\u1e69",
    "\uac01",
    "ﬁ",
    "\u0344",
    "q\u0307\u0323",
    "🎉",
    ...Array.from({ length: 5000 }, unusual),
  ];
  const { own, error, found } = (await app.request("POST", "/", { body: JSON.stringify(texts) })).json();
  assert.deepEqual([own, error], [false, "RangeError"]);
  for (const [at, text] of texts.entries()) {
    const expected = ["NFC", "NFD", "NFKC", "NFKD", undefined].map((form) => text.normalize(form));
    assert.deepEqual(found[at], expected, JSON.stringify(text));
  }
});

test("the project's files are read", async (t) => {
  const bytes = randomBytes(100_000);
  const app = await start(t, {
    "app.js": `import fs, { readFileSync } from "node:fs"; import { readFile, readdir } from "node:fs/promises";
      import path from "node:path";
      const atImport = readFileSync(new URL("./data/words.txt", import.meta.url), "utf8");
      const code = (action) => { try { action(); } catch ({ code }) { return code; } };
      export default async ({ url }) =>
        url.endsWith("/bytes") ? new Response(await readFile("data/bytes.bin")) : Response.json({
        atImport, relative: fs.readFileSync("data/words.txt").toString(),
          joined: await readFile(path.join(import.meta.dirname, "data", "words.txt"), { encoding: "utf8" }),
        names: fs.readdirSync("data"), types: (await readdir("./data",
          { withFileTypes: true })).map((one) => [one.name, one.isDirectory()]),
        stat: [fs.statSync("data").isDirectory(), fs.statSync("data/bytes.bin").size, fs.statSync("data/empty").size],
        exists: [fs.existsSync("data/words.txt"), fs.existsSync("data/none"),
          fs.existsSync("data/../data/inner/a.json")],
        errors: [code(() => fs.readFileSync("none")), code(() => fs.readFileSync("data")),
          code(() => fs.readdirSync("data/words.txt")),
          code(() => fs.writeFileSync("data/new", "")), code(() => fs.statSync("/etc/passwd"))],
        callback: await new Promise((done) => fs.readFile("data/inner/a.json", "utf8", (error, text) => done(text))),
        missed: await new Promise((done) => fs.readFile("none", (error) => done(error.code))),
        part: await new Promise((done) => { let text = "";
          fs.createReadStream("data/words.txt", { start: 2, end: 5, encoding: "utf8" })
          .on("data", (piece) => (text += piece)).on("end", () => done(text)); }) });`,
    "data/words.txt": "Grüße\n",
    "data/bytes.bin": bytes,
    "data/empty": "",
    "data/inner/a.json": "{}",
  });
  assert.ok((await app.request("GET", "/bytes")).bytes.equals(bytes));
  assert.deepEqual((await app.request("GET", "/")).json(), {
    atImport: "Grüße\n",
    relative: "Grüße\n",
    joined: "Grüße\n",
    names: ["bytes.bin", "empty", "inner", "words.txt"],
    types: [
      ["bytes.bin", false],
      ["empty", false],
      ["inner", true],
      ["words.txt", false],
    ],
    stat: [true, 100_000, 0],
    exists: [true, false, true],
    errors: ["ENOENT", "EISDIR", "ENOTDIR", "EROFS", "ENOENT"],
    callback: "{}",
    missed: "ENOENT",
    part: "üß",
  });
});
