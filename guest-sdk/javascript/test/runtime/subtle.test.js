// `crypto.subtle` beyond digests and HMAC: Node.js reads what it writes, and the other way round.
import assert from "node:assert/strict";
import { createHmac, webcrypto } from "node:crypto";
import test from "node:test";

import { start } from "./component.js";

const { subtle } = webcrypto;
const text = new TextEncoder().encode("a message");
const base64 = (bytes) => Buffer.from(bytes).toString("base64");
/** The names that the engine has. */
const LACKS = "generateKey exportKey encrypt decrypt deriveBits deriveKey wrapKey unwrapKey"
  .split(" ")
  .map((name) => `SubtleCrypto.prototype.${name}`);

/** Evaluates an expression in an instance, with `given`. */
async function instance(t) {
  const app = await start(
    t,
    `// What comes with a request uses encrypt, ECDSA and the like.
    const { subtle } = crypto;
    const base64 = (bytes) => Buffer.from(bytes).toString("base64");
    const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
    export default async (request) => {
      const { source, given } = await request.json();
      return Response.json(await Function("subtle", "base64", "bytes", "given", "return (" + source + ")()")(
        subtle, base64, bytes, given));
    };`,
    { lacks: LACKS },
  );
  return async (action, given) => {
    const answer = await app.request("POST", "/", { body: JSON.stringify({ source: String(action), given }) });
    assert.equal(answer.status, 200, answer.printed.join("\n"));
    return answer.json();
  };
}

const SIGNATURES = [
  [{ name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }, ["jwk", "spki", "pkcs8"]],
  [{ name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" }, ["jwk", "spki", "pkcs8"]],
  [{ name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" }, ["jwk", "spki", "pkcs8"]],
  [{ name: "Ed25519" }, ["jwk", "spki", "pkcs8"]],
  [{ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, ["jwk", "spki", "pkcs8"]],
  [{ name: "RSA-PSS", hash: "SHA-256", saltLength: 32 }, ["jwk", "spki", "pkcs8"]],
];
test("signatures and keys", async (t) => {
  const inside = await instance(t);
  for (const [algorithm, formats] of SIGNATURES) {
    const isRsa = algorithm.name.startsWith("RSA");
    const made = { ...algorithm, ...(isRsa && { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) }) };
    const { privateKey, publicKey } = await subtle.generateKey(made, true, ["sign", "verify"]);
    for (const format of formats) {
      const key = format === "spki" ? publicKey : privateKey;
      const open = await subtle.exportKey(format === "pkcs8" ? "spki" : "jwk", publicKey);
      const data = await subtle.exportKey(format, key);
      const given = {
        algorithm,
        format,
        key: format === "jwk" ? data : base64(data),
        open: open.kty ? open : base64(open),
        message: base64(text),
        signature: base64(await subtle.sign(algorithm, privateKey, text)),
        isPrivate: format !== "spki",
      };
      const found = await inside(async () => {
        const { algorithm, format, isPrivate } = given;
        const data = (one) => (typeof one === "string" ? bytes(one) : one);
        const key = await subtle.importKey(format, data(given.key), algorithm, true, isPrivate ? ["sign"] : ["verify"]);
        const openForm = typeof given.open === "string" ? "spki" : "jwk";
        const open = await subtle.importKey(openForm, data(given.open), algorithm, true, ["verify"]);
        const message = bytes(given.message);
        const verified = await subtle.verify(algorithm, open, bytes(given.signature), message);
        const wrong = await subtle.verify(algorithm, open, bytes(given.signature), bytes("AAAA"));
        const out = await subtle.exportKey(format, key);
        const signed = isPrivate ? base64(await subtle.sign(algorithm, key, message)) : undefined;
        return { verified, wrong, signed, type: key.type, out: format === "jwk" ? out : base64(out) };
      }, given);
      assert.deepEqual([found.verified, found.wrong], [true, false], `${algorithm.name} ${format}`);
      assert.equal(found.type, given.isPrivate ? "private" : "public");
      if (format === "jwk") assert.deepEqual([found.out.d, found.out.x, found.out.n], [data.d, data.x, data.n]);
      else assert.equal(found.out, given.key, `${algorithm.name} ${format}`);
      if (found.signed) {
        assert.ok(await subtle.verify(algorithm, publicKey, Buffer.from(found.signed, "base64"), text));
      }
    }
  }
});

test("ciphers, and keys that are wrapped and derived", async (t) => {
  const inside = await instance(t);
  const raw = webcrypto.getRandomValues(new Uint8Array(32));
  const iv = webcrypto.getRandomValues(new Uint8Array(16));
  for (const algorithm of [
    { name: "AES-GCM", iv },
    { name: "AES-CBC", iv },
    { name: "AES-CTR", counter: iv, length: 64 },
  ]) {
    const key = await subtle.importKey("raw", raw, algorithm, true, ["encrypt", "decrypt"]);
    const encrypted = base64(await subtle.encrypt(algorithm, key, text));
    const given = { name: algorithm.name, raw: base64(raw), iv: base64(iv), text: base64(text), encrypted };
    const found = await inside(async () => {
      const algorithm = { name: given.name, iv: bytes(given.iv), counter: bytes(given.iv), length: 64 };
      const key = await subtle.importKey("raw", bytes(given.raw), algorithm, false, ["encrypt", "decrypt"]);
      const broken = bytes(given.encrypted);
      broken[broken.length - 1] ^= 1;
      const failed = await subtle.decrypt(algorithm, key, broken).then(() => "none", ({ name }) => name);
      return [
        base64(await subtle.encrypt(algorithm, key, bytes(given.text))),
        base64(await subtle.decrypt(algorithm, key, bytes(given.encrypted))),
        failed,
        await subtle.exportKey("raw", key).then(() => "none", ({ name }) => name),
      ];
    }, given);
    assert.deepEqual(found.slice(0, 2), [encrypted, base64(text)], algorithm.name);
    if (algorithm.name === "AES-GCM") assert.equal(found[2], "OperationError");
    assert.equal(found[3], "InvalidAccessError");
  }
  const salt = iv;
  const secret = await subtle.importKey("raw", text, "PBKDF2", false, ["deriveBits"]);
  const pbkdf2 = await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: 10 }, secret, 256);
  const source = await subtle.importKey("raw", text, "HKDF", false, ["deriveBits"]);
  const hkdf = await subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info: text }, source, 256);
  const own = await inside(
    async () => {
      const salt = bytes(given.salt);
      const derive = async (algorithm) => {
        const key = await subtle.importKey("raw", bytes(given.text), algorithm.name, false, ["deriveBits"]);
        return base64(await subtle.deriveBits(algorithm, key, 256));
      };
      const pair = () => subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
      const [a, b] = [await pair(), await pair()];
      const share = async (mine, other) =>
        base64(await subtle.deriveBits({ name: "ECDH", public: other.publicKey }, mine.privateKey, 256));
      const key = await subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt"]);
      const wrapping = await subtle.generateKey({ name: "AES-KW", length: 128 }, true, ["wrapKey", "unwrapKey"]);
      const wrapped = await subtle.wrapKey("raw", key, wrapping, "AES-KW");
      const back = await subtle.unwrapKey("raw", wrapped, wrapping, "AES-KW", "AES-GCM", true, ["encrypt"]);
      const same = base64(await subtle.exportKey("raw", key)) === base64(await subtle.exportKey("raw", back));
      const hmac = await subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign", "verify"]);
      const signature = await subtle.sign("HMAC", hmac, salt);
      return [
        await derive({ name: "PBKDF2", hash: "SHA-256", salt, iterations: 10 }),
        await derive({ name: "HKDF", hash: "SHA-256", salt, info: bytes(given.text) }),
        (await share(a, b)) === (await share(b, a)),
        same,
        await subtle.verify("HMAC", hmac, signature, salt),
        (await subtle.exportKey("jwk", hmac)).alg,
        String(hmac.constructor.name !== undefined),
        await subtle.generateKey({ name: "RSA-PSS" }, true, ["sign"]).then(() => "", ({ message }) => message),
      ];
    },
    { salt: base64(salt), text: base64(text) },
  );
  assert.deepEqual(own.slice(0, 7), [base64(pbkdf2), base64(hkdf), true, true, true, "HS256", "true"]);
  assert.match(own[7], /make it once, and import it/);
});

// The engine's own HMAC gives wrong codes once a key was used a few times.
test("HMAC is that of Node.js, and never the engine's", async (t) => {
  const app = await start(
    t,
    `const algorithm = { name: "HMAC", hash: "SHA-512" };
    const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
    export default async () => {
      const { subtle } = crypto;
      const secret = new Uint8Array(200).fill(3);
      const key = await subtle.importKey("raw", secret, algorithm, false, ["sign", "verify"]);
      secret.fill(0);
      const jwk = await subtle.importKey("jwk", { kty: "oct", k: "-_8" }, { name: "hmac", hash: { name: "SHA-256" } }, true, ["sign"]);
      const codes = [];
      for (let at = 0; at < 50; at += 1) codes.push(hex(await subtle.sign("HMAC", key, new Uint8Array(at))));
      const code = await subtle.sign(algorithm, key, new ArrayBuffer(9));
      const other = Uint8Array.from(new Uint8Array(code), (byte, at) => (at === 63 ? byte ^ 1 : byte));
      return Response.json({
        codes,
        jwk: hex(await subtle.sign("HMAC", jwk, new Uint8Array(1))),
        verified: await Promise.all(
          [code, other, code.slice(1), new ArrayBuffer(0)].map((given) => subtle.verify("HMAC", key, given, new Uint8Array(9))),
        ),
        refused: await subtle.verify("HMAC", jwk, code, new Uint8Array(9)).then(String, (error) => error.name),
        length: code.byteLength,
        rest: String(crypto.subtle["en" + "crypt"]),
      });
    };`,
    { lacks: ["SubtleCrypto.prototype.encrypt", "SubtleCrypto.prototype.sign", "SubtleCrypto.prototype.verify"] },
  );
  const seen = (await app.request("GET", "/")).json();
  const code = (hash, secret, length) => createHmac(hash, secret).update(Buffer.alloc(length)).digest("hex");
  assert.deepEqual(seen, {
    codes: Array.from({ length: 50 }, (_, at) => code("sha512", Buffer.alloc(200, 3), at)),
    jwk: code("sha256", Buffer.from([0xfb, 0xff]), 1),
    verified: [true, false, false, false],
    refused: "InvalidAccessError",
    length: 64,
    rest: "undefined",
  });
});
