// HMAC of `crypto.subtle`. The engine's own gives wrong codes once a key has been used a few times, so that tokens and
// cookies are refused. The builder puts this into the components of apps that use the name.
// Source: https://www.w3.org/TR/WebCryptoAPI/#hmac
import { bytesOf } from "../bytes.js";

const { subtle } = globalThis.crypto;
const engine = { importKey: subtle.importKey, sign: subtle.sign, verify: subtle.verify };

// Evaluated when they are used.
const HASHES = {
  "SHA-1": () => require("@noble/hashes/legacy.js").sha1,
  "SHA-256": () => require("@noble/hashes/sha2.js").sha256,
  "SHA-384": () => require("@noble/hashes/sha2.js").sha384,
  "SHA-512": () => require("@noble/hashes/sha2.js").sha512,
};

/** What a key of HMAC is made of. */
const members = new WeakMap();

const nameOf = (algorithm) => String(algorithm?.name ?? algorithm).toUpperCase();
const isHmac = (algorithm) => nameOf(algorithm) === "HMAC";

/** Undefined for what is no key: the engine refuses it. */
function secretOf(format, data) {
  if (format !== "jwk") return bytesOf(data)?.slice();
  const text = String(data?.k).replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function code(key, usage, data) {
  const found = members.get(key);
  if (!found?.usages.includes(usage)) {
    throw new DOMException(`the key is not one to ${usage} with by HMAC`, "InvalidAccessError");
  }
  const message = bytesOf(data);
  if (!message) throw new TypeError("the data is an ArrayBuffer, or a view of one");
  return require("@noble/hashes/hmac.js").hmac(HASHES[found.hash](), found.secret, message);
}

/** Whether two codes are equal, in a time that does not say where they differ. */
function equal(one, other) {
  let difference = one.length ^ other.length;
  for (const [at, byte] of one.entries()) difference |= byte ^ other[at];
  return difference === 0;
}

/** As the engine's: a failure is one of the promise. */
const methods = {
  async importKey(format, data, algorithm, extractable, usages) {
    const imported = engine.importKey.call(subtle, format, data, algorithm, extractable, usages);
    if (!isHmac(algorithm)) return imported;
    const [secret, hash] = [secretOf(format, data), nameOf(algorithm.hash)];
    const key = await imported;
    members.set(key, { secret, hash, usages: [...usages] });
    return key;
  },

  async sign(algorithm, key, data) {
    if (!isHmac(algorithm)) return engine.sign.call(subtle, algorithm, key, data);
    return Uint8Array.from(code(key, "sign", data)).buffer;
  },

  async verify(algorithm, key, signature, data) {
    if (!isHmac(algorithm)) return engine.verify.call(subtle, algorithm, key, signature, data);
    return equal(code(key, "verify", data), bytesOf(signature) ?? new Uint8Array());
  },
};

for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(subtle, name, { value, writable: true, configurable: true });
}
