// `crypto.subtle` beyond digests, which are the engine's, and HMAC. The builder puts it into the components of apps that
// use the names.
import "./hmac.js";
import { bufferOf, bytesOf, CURVES, EDWARDS, exported, failure, fromBase64url, keyOf } from "./keys.js";
import { material, materialOf, remember, toBase64url } from "./keys.js";
import { pbkdf2 } from "./pbkdf2.js";

const { subtle } = globalThis.crypto;
const native = {};
for (const name of ["digest", "importKey", "sign", "verify"]) native[name] = subtle[name].bind(subtle);

// Evaluated when they are used.
const ciphers = () => require("@noble/ciphers/aes.js");
const rsa = () => require("micro-rsa-dsa-dh/rsa.js");
const HASHES = {
  "SHA-1": () => require("@noble/hashes/legacy.js").sha1,
  "SHA-256": () => require("@noble/hashes/sha2.js").sha256,
  "SHA-384": () => require("@noble/hashes/sha2.js").sha384,
  "SHA-512": () => require("@noble/hashes/sha2.js").sha512,
};
/** The names of algorithms as the standard writes them. */
const NAMES = Object.fromEntries(
  ["AES-GCM", "AES-CBC", "AES-CTR", "AES-KW", "HMAC", "ECDSA", "ECDH", "Ed25519", "X25519", "HKDF", "PBKDF2", "RSA-OAEP"]
    .concat("RSASSA-PKCS1-v1_5", "RSA-PSS")
    .map((name) => [name.toUpperCase(), name]),
);
const FAMILIES = { ECDSA: "ec", ECDH: "ec", Ed25519: "okp", X25519: "okp" };
const familyOf = (name) => FAMILIES[name] ?? (name.startsWith("RSA") ? "rsa" : name.startsWith("AES") ? "aes" : "secret");
const SIGNS = new Set(["sign", "decrypt", "unwrapKey", "deriveKey", "deriveBits"]);

function normal(algorithm) {
  const given = typeof algorithm === "string" ? { name: algorithm } : algorithm;
  const name = NAMES[String(given?.name).toUpperCase()];
  if (!name) throw failure("NotSupportedError", `the algorithm ${given?.name} is missing in a component`);
  return { ...given, name };
}

const hashName = (hash) => String(typeof hash === "string" ? hash : hash?.name).toUpperCase();
function hashOf(hash) {
  const found = HASHES[hashName(hash)];
  if (!found) throw failure("NotSupportedError", `the hash ${hashName(hash)} is missing in a component`);
  return found();
}

function use(key, usage, name) {
  if (key?.algorithm?.name !== name) throw failure("InvalidAccessError", `the key is not one for ${name}`);
  if (!key.usages.includes(usage)) throw failure("InvalidAccessError", `the key is not for ${usage}`);
  return materialOf(key);
}

/** As the engine's: a failure is one of the promise. */
const methods = {
  digest: (...values) => native.digest(...values),

  async importKey(format, data, algorithm, extractable, usages) {
    const given = normal(algorithm);
    const { name } = given;
    const family = familyOf(name);
    if (name === "HMAC") {
      const key = await native.importKey(format, data, algorithm, extractable, usages);
      return remember(key, format === "jwk" ? fromBase64url(data.k) : bytesOf(data).slice());
    }
    if (family === "aes" || family === "secret") {
      const bytes = format === "jwk" ? fromBase64url(data.k) : bytesOf(data).slice();
      if (family === "aes" && ![16, 24, 32].includes(bytes.length)) {
        throw failure("DataError", "a key of AES has 128, 192 or 256 bits");
      }
      const about = family === "aes" ? { name, length: bytes.length * 8 } : { name };
      return keyOf("secret", about, extractable, usages, bytes);
    }
    const parts = material(family, format, data, given.namedCurve ?? name);
    const isPrivate = parts.secret !== undefined || parts.d !== undefined;
    return keyOf(isPrivate ? "private" : "public", aboutKey(given, parts), extractable, usages, parts);
  },

  async exportKey(format, key) {
    const found = materialOf(key);
    if (found === undefined) throw failure("NotSupportedError", "this key of the engine cannot be exported");
    if (!key.extractable) throw failure("InvalidAccessError", "the key is not extractable");
    if (!(found instanceof Uint8Array)) return exported(format, found, key);
    if (format === "raw") return bufferOf(found);
    if (format !== "jwk") throw failure("NotSupportedError", `a secret key is not written as ${format}`);
    return { kty: "oct", k: toBase64url(found), alg: jwkName(key.algorithm), key_ops: key.usages, ext: true };
  },

  async generateKey(algorithm, extractable, usages) {
    const given = normal(algorithm);
    const { name } = given;
    const family = familyOf(name);
    if (family === "rsa") {
      throw failure(
        "NotSupportedError",
        "a pair of keys for RSA takes too long to make in a component: make it once, and import it",
      );
    }
    if (name === "HMAC") {
      const bits = given.length ?? hashOf(given.hash).blockLen * 8;
      return methods.importKey("raw", random(bits / 8), given, extractable, usages);
    }
    if (family === "aes") return methods.importKey("raw", random(given.length / 8), given, extractable, usages);
    if (family === "secret") throw failure("NotSupportedError", `a key for ${name} is imported`);
    const parts = family === "ec" ? newPoint(given.namedCurve) : newEdwards(name);
    const about = aboutKey(given, parts);
    const forPrivate = usages.filter((usage) => SIGNS.has(usage));
    const forPublic = usages.filter((usage) => !SIGNS.has(usage));
    const { secret: _, ...open } = parts;
    return {
      privateKey: keyOf("private", about, extractable, forPrivate, parts),
      publicKey: keyOf("public", about, true, forPublic, open),
    };
  },

  async sign(algorithm, key, data) {
    const given = normal(algorithm);
    if (given.name === "HMAC") return native.sign(algorithm, key, data);
    const parts = use(key, "sign", given.name);
    const message = bytesOf(data);
    if (given.name === "ECDSA") {
      const options = { prehash: false, lowS: false };
      return bufferOf(CURVES[parts.kind].sign(hashOf(given.hash)(message), parts.secret, options));
    }
    if (given.name === "Ed25519") return bufferOf(EDWARDS.Ed25519.sign(message, parts.secret));
    return bufferOf(signer(given, key).sign({ n: parts.n, d: parts.d }, message));
  },

  async verify(algorithm, key, signature, data) {
    const given = normal(algorithm);
    if (given.name === "HMAC") return native.verify(algorithm, key, signature, data);
    const parts = use(key, "verify", given.name);
    const [signed, message] = [bytesOf(signature), bytesOf(data)];
    try {
      if (given.name === "ECDSA") {
        const options = { prehash: false, lowS: false };
        return CURVES[parts.kind].verify(signed, hashOf(given.hash)(message), parts.public, options);
      }
      if (given.name === "Ed25519") return EDWARDS.Ed25519.verify(signed, message, parts.public);
      return signer(given, key).verify({ n: parts.n, e: parts.e }, message, signed);
    } catch (error) {
      if (error instanceof DOMException) throw error;
      // A signature of the wrong length, for instance.
      return false;
    }
  },

  async encrypt(algorithm, key, data) {
    const given = normal(algorithm);
    const parts = use(key, "encrypt", given.name);
    if (given.name === "RSA-OAEP") return bufferOf(oaep(given, key).encrypt(parts, bytesOf(data)));
    return bufferOf(cipher(given, parts, (made) => made.encrypt(bytesOf(data))));
  },

  async decrypt(algorithm, key, data) {
    const given = normal(algorithm);
    const parts = use(key, "decrypt", given.name);
    try {
      if (given.name === "RSA-OAEP") return bufferOf(oaep(given, key).decrypt(parts, bytesOf(data)));
      return bufferOf(cipher(given, parts, (made) => made.decrypt(bytesOf(data))));
    } catch (error) {
      if (error instanceof DOMException) throw error;
      throw failure("OperationError", "the data cannot be decrypted");
    }
  },

  async deriveBits(algorithm, key, length) {
    const given = normal(algorithm);
    return bufferOf(derived(given, use(key, "deriveBits", given.name), length));
  },

  async deriveKey(algorithm, key, target, extractable, usages) {
    const made = normal(target);
    const bits = made.length ?? (made.name === "HMAC" ? hashOf(made.hash).blockLen * 8 : null);
    const given = normal(algorithm);
    const bytes = derived(given, use(key, "deriveKey", given.name), bits);
    return methods.importKey("raw", bytes, target, extractable, usages);
  },

  async wrapKey(format, key, wrapping, algorithm) {
    const given = normal(algorithm);
    const plain = await methods.exportKey(format, key);
    const bytes = format === "jwk" ? new TextEncoder().encode(JSON.stringify(plain)) : new Uint8Array(plain);
    const parts = use(wrapping, "wrapKey", given.name);
    if (given.name === "AES-KW") return bufferOf(ciphers().aeskw(parts).encrypt(bytes));
    if (given.name === "RSA-OAEP") return bufferOf(oaep(given, wrapping).encrypt(parts, bytes));
    return bufferOf(cipher(given, parts, (made) => made.encrypt(bytes)));
  },

  async unwrapKey(format, wrapped, unwrapping, algorithm, ...key) {
    const given = normal(algorithm);
    const parts = use(unwrapping, "unwrapKey", given.name);
    const bytes = bytesOf(wrapped);
    let plain;
    try {
      if (given.name === "AES-KW") plain = ciphers().aeskw(parts).decrypt(bytes);
      else if (given.name === "RSA-OAEP") plain = oaep(given, unwrapping).decrypt(parts, bytes);
      else plain = cipher(given, parts, (made) => made.decrypt(bytes));
    } catch {
      throw failure("OperationError", "the key cannot be unwrapped");
    }
    const data = format === "jwk" ? JSON.parse(new TextDecoder().decode(plain)) : plain;
    return methods.importKey(format, data, ...key);
  },
};

const random = (length) => crypto.getRandomValues(new Uint8Array(length));

function newPoint(name) {
  const curve = CURVES[name];
  if (!curve) throw failure("NotSupportedError", `the curve ${name} is not one of ${Object.keys(CURVES).join(", ")}`);
  const secret = curve.utils.randomSecretKey();
  return { kind: name, secret, public: curve.getPublicKey(secret, false) };
}

function newEdwards(name) {
  const secret = EDWARDS[name].utils.randomSecretKey();
  return { kind: name, secret, public: EDWARDS[name].getPublicKey(secret) };
}

function aboutKey({ name, namedCurve, hash }, { n, e }) {
  if (namedCurve) return { name, namedCurve };
  if (n === undefined) return { name };
  const exponent = Uint8Array.from(e === 65537n ? [1, 0, 1] : [Number(e)]);
  const modulusLength = Math.ceil(n.toString(16).length / 2) * 8;
  return { name, modulusLength, publicExponent: exponent, hash: { name: hashName(hash) } };
}

function jwkName({ name, length, hash }) {
  if (name === "HMAC") return `HS${hashName(hash).slice(4)}`;
  return name.startsWith("AES") ? `A${length}${name.slice(4)}` : undefined;
}

function signer({ name, saltLength }, key) {
  const hash = key.algorithm.hash.name;
  if (name === "RSASSA-PKCS1-v1_5") return rsa()[`PKCS1_${hash.replace("-", "")}`];
  return rsa().PSS(hashOf(hash), rsa().mgf1(hashOf(hash)), saltLength);
}

function oaep({ label }, key) {
  const hash = hashOf(key.algorithm.hash.name);
  return rsa().OAEP(hash, rsa().mgf1(hash), label ? bytesOf(label) : undefined);
}

function cipher({ name, iv, additionalData, tagLength = 128, counter, length }, key, action) {
  if (name === "AES-GCM") {
    if (tagLength !== 128) throw failure("NotSupportedError", "AES-GCM has tags of 128 bits in a component");
    return action(ciphers().gcm(key, bytesOf(iv), additionalData ? bytesOf(additionalData) : undefined));
  }
  if (name === "AES-CBC") return action(ciphers().cbc(key, bytesOf(iv)));
  if (name === "AES-CTR") {
    if (length < 32) throw failure("NotSupportedError", "a counter of AES-CTR has 32 bits or more in a component");
    return action(ciphers().ctr(key, bytesOf(counter)));
  }
  throw failure("NotSupportedError", `${name} wraps keys, and encrypts nothing else`);
}

function derived(given, parts, bits) {
  const { name, hash, salt, info, iterations } = given;
  if (name === "ECDH" || name === "X25519") {
    if (given.public?.algorithm?.name !== name) throw failure("InvalidAccessError", `the key is not one for ${name}`);
    const other = materialOf(given.public);
    const shared =
      name === "X25519"
        ? EDWARDS.X25519.getSharedSecret(parts.secret, other.public)
        : CURVES[parts.kind].getSharedSecret(parts.secret, other.public).subarray(1);
    return bits === null || bits === undefined ? shared : shared.subarray(0, bits / 8);
  }
  if (!(bits > 0) || bits % 8 !== 0) throw failure("OperationError", "the length is a number of whole bytes, in bits");
  const kind = hashOf(hash);
  if (name === "HKDF") return require("@noble/hashes/hkdf.js").hkdf(kind, parts, bytesOf(salt), bytesOf(info), bits / 8);
  if (name === "PBKDF2") {
    return pbkdf2(kind, parts, bytesOf(salt), iterations, bits / 8);
  }
  throw failure("NotSupportedError", `nothing is derived by ${name}`);
}

for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(subtle, name, { value, writable: true, configurable: true });
}
