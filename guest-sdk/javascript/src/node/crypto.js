const { hmac } = require("@noble/hashes/hmac.js");
const { md5, sha1, ripemd160 } = require("@noble/hashes/legacy.js");
const { sha224, sha256, sha384, sha512 } = require("@noble/hashes/sha2.js");
const { pbkdf2: derive } = require("../web/crypto/pbkdf2.js");
const { hkdf } = require("@noble/hashes/hkdf.js");
const { scrypt: deriveScrypt } = require("@noble/hashes/scrypt.js");
const { Transform } = require("./stream.js");
const { Buffer } = require("./buffer.js");
const { absent } = require("./absent.js");

const HASHES = { md5, sha1, sha224, sha256, sha384, sha512, ripemd160 };
const missing = absent("crypto");

function hashOf(name) {
  const found = HASHES[String(name).toLowerCase().replace(/^rsa-/, "").replace("sha-", "sha")];
  if (!found) throw new Error(`the hash ${name} is missing in a component: there are ${Object.keys(HASHES).join(", ")}`);
  return found;
}

const bytes = (data, encoding) => (typeof data === "string" ? Buffer.from(data, encoding) : toBytes(data));
function toBytes(data) {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (data?._secret) return data._secret;
  throw new TypeError("the data is a string or bytes");
}
const plain = (data, encoding) => Uint8Array.from(bytes(data, encoding));

class Hash extends Transform {
  constructor(state) {
    super();
    this._state = state;
  }

  update(data, encoding) {
    this._state.update(plain(data, encoding));
    return this;
  }

  digest(encoding) {
    const digest = Buffer.from(this._state.digest());
    return encoding && encoding !== "buffer" ? digest.toString(encoding) : digest;
  }

  copy() {
    return new Hash(this._state.clone());
  }

  _transform(chunk, encoding, done) {
    this.update(chunk, encoding);
    done();
  }

  _flush(done) {
    this.push(this.digest());
    done();
  }
}

const createHash = (name) => new Hash(hashOf(name).create());
const createHmac = (name, key) => new Hash(hmac.create(hashOf(name), plain(key)));

// The host's randomness comes in pieces of this size at most.
const MOST_RANDOM = 65_536;
function fill(array) {
  for (let at = 0; at < array.length; at += MOST_RANDOM) crypto.getRandomValues(array.subarray(at, at + MOST_RANDOM));
  return array;
}

function later(make) {
  return (...values) => {
    const done = values.pop();
    let result;
    try {
      result = make(...values);
    } catch (error) {
      queueMicrotask(() => done(error));
      return;
    }
    queueMicrotask(() => done(null, result));
  };
}

const randomBytesNow = (size) => fill(Buffer.alloc(size));
const randomBytes = (size, done) => (done ? later(randomBytesNow)(size, done) : randomBytesNow(size));

function randomInt(low, high, done) {
  if (high === undefined || typeof high === "function") return randomInt(0, low, high);
  const range = high - low;
  if (!(range > 0)) throw new RangeError("the upper bound of randomInt is above the lower one");
  const most = Math.floor(2 ** 48 / range) * range;
  let value;
  do {
    const [a, b, c] = crypto.getRandomValues(new Uint16Array(3));
    value = a * 2 ** 32 + b * 2 ** 16 + c;
  } while (value >= most);
  const result = low + (value % range);
  if (done) queueMicrotask(() => done(null, result));
  return result;
}

function timingSafeEqual(first, second) {
  const [a, b] = [toBytes(first), toBytes(second)];
  if (a.length !== b.length) throw new RangeError("Input buffers must have the same byte length");
  let different = 0;
  for (let at = 0; at < a.length; at += 1) different |= a[at] ^ b[at];
  return different === 0;
}

const pbkdf2Sync = (password, salt, iterations, length, name) =>
  Buffer.from(derive(hashOf(name), plain(password), plain(salt), iterations, length));
const hkdfSync = (name, key, salt, info, length) =>
  Uint8Array.from(hkdf(hashOf(name), plain(key), plain(salt), plain(info), length)).buffer;
const scryptSync = (password, salt, length, { N = 16_384, r = 8, p = 1, cost, blockSize, parallelization } = {}) =>
  Buffer.from(
    deriveScrypt(plain(password), plain(salt), {
      N: cost ?? N,
      r: blockSize ?? r,
      p: parallelization ?? p,
      dkLen: length,
    }),
  );

module.exports = {
  createHash,
  createHmac,
  Hash,
  Hmac: Hash,
  hash: (name, data, encoding = "hex") => createHash(name).update(data).digest(encoding),
  getHashes: () => Object.keys(HASHES),
  getCiphers: () => [],
  getCurves: () => [],
  randomBytes,
  pseudoRandomBytes: randomBytes,
  randomInt,
  randomUUID: () => crypto.randomUUID(),
  randomFillSync: (array) => {
    fill(toBytes(array));
    return array;
  },
  randomFill: later((array) => {
    fill(toBytes(array));
    return array;
  }),
  getRandomValues: (array) => crypto.getRandomValues(array),
  timingSafeEqual,
  pbkdf2Sync,
  pbkdf2: later(pbkdf2Sync),
  hkdfSync,
  hkdf: later(hkdfSync),
  scryptSync,
  scrypt: later((password, salt, length, settings) => scryptSync(password, salt, length, settings)),
  createSecretKey: (key, encoding) => ({ type: "secret", _secret: plain(key, encoding), export: () => Buffer.from(key) }),
  webcrypto: globalThis.crypto,
  subtle: globalThis.crypto.subtle,
  constants: {},
};
for (const name of ["createSign", "createVerify", "createCipheriv", "createDecipheriv", "createDiffieHellman"]) {
  module.exports[name] = missing[name];
}
for (const name of ["createECDH", "createPrivateKey", "createPublicKey", "generateKeyPair", "sign", "verify"]) {
  module.exports[name] = missing[name];
}
for (const name of ["generateKeyPairSync", "KeyObject", "X509Certificate", "publicEncrypt", "privateDecrypt"]) {
  module.exports[name] = missing[name];
}
