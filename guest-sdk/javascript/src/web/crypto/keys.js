// Keys of `crypto.subtle` that the engine has not: what they are made of, and the forms in which they come and go.
import { encoded, fromPkcs8, fromSpki, integer, octets, sequence, toPkcs8, toSpki } from "./der.js";

// Evaluated when they are used: the libraries take 2 MB in a component once they are.
export const CURVES = {
  get "P-256"() {
    return require("@noble/curves/nist.js").p256;
  },
  get "P-384"() {
    return require("@noble/curves/nist.js").p384;
  },
  get "P-521"() {
    return require("@noble/curves/nist.js").p521;
  },
};
export const EDWARDS = {
  get Ed25519() {
    return require("@noble/curves/ed25519.js").ed25519;
  },
  get X25519() {
    return require("@noble/curves/ed25519.js").x25519;
  },
};
const RSA_PARTS = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];

export const failure = (name, text) => new DOMException(text, name);

const members = new WeakMap();
/** The material of a key. */
export const materialOf = (key) => members.get(key)?.material;

/** A key, as a `CryptoKey`. */
class Key {
  get type() {
    return members.get(this).type;
  }

  get extractable() {
    return members.get(this).extractable;
  }

  get algorithm() {
    return members.get(this).algorithm;
  }

  get usages() {
    return members.get(this).usages;
  }

  get [Symbol.toStringTag]() {
    return "CryptoKey";
  }
}
if (typeof CryptoKey === "function") Object.setPrototypeOf(Key.prototype, CryptoKey.prototype);

export function keyOf(type, algorithm, extractable, usages, material) {
  const key = new Key();
  members.set(key, { type, algorithm, extractable: Boolean(extractable), usages: [...usages], material });
  return key;
}

/** A key of the engine, of which the bytes are known. */
export function remember(key, material) {
  members.set(key, { material });
  return key;
}

export const bytesOf = (data) => {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new TypeError("the data is an ArrayBuffer, or a view of one");
};
export const bufferOf = (bytes) => Uint8Array.from(bytes).buffer;

export function fromBase64url(text) {
  if (typeof text !== "string") throw failure("DataError", "a member of the key is missing");
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
}
export const toBase64url = (bytes) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

export const toNumber = (bytes) =>
  bytes.length === 0 ? 0n : BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`);
function fromNumber(number) {
  const text = number.toString(16);
  const digits = text.length % 2 ? `0${text}` : text;
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) => parseInt(digits.slice(2 * at, 2 * at + 2), 16));
}

/** Checked: the point is on the curve. */
function ofCurve(name, publicKey, secret) {
  const curve = CURVES[name];
  if (!curve) throw failure("NotSupportedError", `the curve ${name} is not one of ${Object.keys(CURVES).join(", ")}`);
  try {
    const bytes = publicKey ? curve.Point.fromBytes(publicKey).toBytes(false) : curve.getPublicKey(secret, false);
    return { kind: name, public: bytes, secret };
  } catch (error) {
    throw failure("DataError", `the key is not one of ${name}: ${error.message}`);
  }
}

const FORMS = {
  ec: {
    raw: (bytes, name) => ofCurve(name, bytes),
    spki: (bytes, name) => ofCurve(name, fromSpki(bytes, name)),
    pkcs8: (bytes, name) => ofCurve(name, undefined, sequence(fromPkcs8(bytes, name))[1].value),
    jwk(jwk, name) {
      if (jwk.kty !== "EC" || jwk.crv !== name) throw failure("DataError", `the key is not one of ${name}`);
      const point = Uint8Array.of(4, ...fromBase64url(jwk.x), ...fromBase64url(jwk.y));
      return ofCurve(name, point, jwk.d === undefined ? undefined : fromBase64url(jwk.d));
    },
  },
  okp: {
    raw: (bytes, name) => ({ kind: name, public: bytes }),
    spki: (bytes, name) => ({ kind: name, public: fromSpki(bytes, name) }),
    pkcs8: (bytes, name) => ofEdwards(name, octets(fromPkcs8(bytes, name))),
    jwk(jwk, name) {
      if (jwk.kty !== "OKP" || jwk.crv !== name) throw failure("DataError", `the key is not one of ${name}`);
      if (jwk.d !== undefined) return ofEdwards(name, fromBase64url(jwk.d));
      return { kind: name, public: fromBase64url(jwk.x) };
    },
  },
  rsa: {
    spki(bytes) {
      const [n, e] = sequence(fromSpki(bytes, "RSA"));
      return { kind: "RSA", n: toNumber(n.value), e: toNumber(e.value) };
    },
    pkcs8(bytes) {
      const [, ...values] = sequence(fromPkcs8(bytes, "RSA"));
      return { kind: "RSA", ...Object.fromEntries(RSA_PARTS.map((name, at) => [name, toNumber(values[at].value)])) };
    },
    jwk(jwk) {
      if (jwk.kty !== "RSA") throw failure("DataError", "the key is not one of RSA");
      const given = RSA_PARTS.filter((name) => jwk[name] !== undefined);
      return { kind: "RSA", ...Object.fromEntries(given.map((name) => [name, toNumber(fromBase64url(jwk[name]))])) };
    },
  },
};

function ofEdwards(name, secret) {
  return { kind: name, secret, public: EDWARDS[name].getPublicKey(secret) };
}

/** @param {"ec" | "okp" | "rsa"} family @param {string} name  that of the curve */
export function material(family, format, data, name) {
  const read = FORMS[family][format];
  if (!read) throw failure("NotSupportedError", `a key of this algorithm is not read from ${format}`);
  return read(format === "jwk" ? data : bytesOf(data), name);
}

/** A key in one of the formats. */
export function exported(format, { kind, ...parts }, key) {
  const isSecret = key.type === "private";
  if (kind === "RSA") return exportedRsa(format, parts, key);
  if (format === "raw" && !isSecret) return bufferOf(parts.public);
  if (format === "spki" && !isSecret) return bufferOf(toSpki(parts.public, kind));
  if (format === "pkcs8" && isSecret) {
    if (kind in EDWARDS) return bufferOf(toPkcs8(encoded(0x04, parts.secret), kind));
    const point = encoded(0xa1, encoded(0x03, Uint8Array.of(0), parts.public));
    return bufferOf(toPkcs8(encoded(0x30, integer(Uint8Array.of(1)), encoded(0x04, parts.secret), point), kind));
  }
  if (format !== "jwk") throw failure("InvalidAccessError", `this key is not written as ${format}`);
  const about = { crv: kind, ext: key.extractable, key_ops: key.usages };
  if (isSecret) about.d = toBase64url(parts.secret);
  if (kind in EDWARDS) return { kty: "OKP", ...about, x: toBase64url(parts.public) };
  const half = (parts.public.length - 1) / 2;
  const [x, y] = [parts.public.subarray(1, 1 + half), parts.public.subarray(1 + half)].map(toBase64url);
  return { kty: "EC", ...about, x, y };
}

function exportedRsa(format, parts, key) {
  const names = RSA_PARTS.filter((name) => parts[name] !== undefined && (key.type === "private" || "ne".includes(name)));
  if (format === "jwk") {
    const values = names.map((name) => [name, toBase64url(fromNumber(parts[name]))]);
    return { kty: "RSA", ext: key.extractable, key_ops: key.usages, ...Object.fromEntries(values) };
  }
  const numbers = names.map((name) => integer(fromNumber(parts[name])));
  if (format === "spki" && key.type === "public") return bufferOf(toSpki(encoded(0x30, ...numbers), "RSA"));
  if (format === "pkcs8" && key.type === "private" && names.length === RSA_PARTS.length) {
    return bufferOf(toPkcs8(encoded(0x30, integer(Uint8Array.of(0)), ...numbers), "RSA"));
  }
  throw failure("InvalidAccessError", `this key is not written as ${format}`);
}
