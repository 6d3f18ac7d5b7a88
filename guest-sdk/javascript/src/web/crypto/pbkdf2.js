// PBKDF2 with SHA-256, for an engine that interprets: the 4,096 rounds of PostgreSQL's SCRAM take a fraction of the time
// that they take by a general HMAC.
// Sources: FIPS 180-4, RFC 8018.
import { hmac } from "@noble/hashes/hmac.js";
import { pbkdf2 as general } from "@noble/hashes/pbkdf2.js";
import { sha256 } from "@noble/hashes/sha2.js";

const BLOCK = 64;
const WORDS = 8;

/** The first bits of the fractional parts of roots of primes. */
function fractions(count, root) {
  const found = [];
  for (let number = 2; found.length < count; number += 1) {
    let isPrime = true;
    for (let by = 2; by * by <= number; by += 1) if (number % by === 0) isPrime = false;
    if (isPrime) found.push(((root(number) % 1) * 2 ** 32) | 0);
  }
  return Int32Array.from(found);
}
const K = fractions(64, Math.cbrt);
const START = fractions(WORDS, Math.sqrt);
const W = new Int32Array(64);

/** Puts the state after one more block, whose words are in `W`, into `to`. */
function compress(from, to) {
  for (let t = 16; t < 64; t += 1) {
    const x = W[t - 15];
    const y = W[t - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[t] = (W[t - 16] + s0 + W[t - 7] + s1) | 0;
  }
  let a = from[0];
  let b = from[1];
  let c = from[2];
  let d = from[3];
  let e = from[4];
  let f = from[5];
  let g = from[6];
  let h = from[7];
  for (let t = 0; t < 64; t += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + s1 + (g ^ (e & (f ^ g))) + K[t] + W[t]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (s0 + ((a & b) | (c & (a | b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  to[0] = (from[0] + a) | 0;
  to[1] = (from[1] + b) | 0;
  to[2] = (from[2] + c) | 0;
  to[3] = (from[3] + d) | 0;
  to[4] = (from[4] + e) | 0;
  to[5] = (from[5] + f) | 0;
  to[6] = (from[6] + g) | 0;
  to[7] = (from[7] + h) | 0;
}

/** The state after the password, each of whose bytes is mixed with `pad`. */
function keyed(password, pad) {
  const block = new Uint8Array(BLOCK);
  block.set(password.length > BLOCK ? sha256(password) : password);
  const view = new DataView(block.buffer);
  for (let at = 0; at < BLOCK; at += 1) block[at] ^= pad;
  for (let at = 0; at < 16; at += 1) W[at] = view.getInt32(at * 4);
  const state = new Int32Array(WORDS);
  compress(START, state);
  return state;
}

/** The rest of a block after a digest, which ends a message of two blocks. */
function pad() {
  W[8] = 0x80000000 | 0;
  for (let at = 9; at < 15; at += 1) W[at] = 0;
  W[15] = (BLOCK + WORDS * 4) * 8;
}

/** The salt of a block of the result. */
function numbered(salt, block) {
  const bytes = new Uint8Array(salt.length + 4);
  bytes.set(salt);
  new DataView(bytes.buffer).setUint32(salt.length, block);
  return bytes;
}

/** The result of the first round, and of all others. @param {Int32Array} piece */
function rounds(piece, iterations, inner, outer) {
  const mixed = piece.slice();
  const state = new Int32Array(WORDS);
  for (let round = 1; round < iterations; round += 1) {
    W.set(piece);
    pad();
    compress(inner, state);
    W.set(state);
    pad();
    compress(outer, piece);
    for (let at = 0; at < WORDS; at += 1) mixed[at] ^= piece[at];
  }
  return mixed;
}

/**
 * @param {Function} kind  the hash, one of @noble/hashes
 * @param {Uint8Array} password
 * @param {Uint8Array} salt
 * @returns {Uint8Array}
 */
export function pbkdf2(kind, password, salt, iterations, length) {
  if (kind !== sha256 || !(iterations >= 1) || !(length >= 1)) {
    return general(kind, password, salt, { c: iterations, dkLen: length });
  }
  const inner = keyed(password, 0x36);
  const outer = keyed(password, 0x5c);
  const result = new Uint8Array(length);
  for (let at = 0, block = 1; at < length; at += WORDS * 4, block += 1) {
    const first = new DataView(hmac(kind, password, numbered(salt, block)).buffer);
    const piece = Int32Array.from({ length: WORDS }, (_, word) => first.getInt32(word * 4));
    const mixed = rounds(piece, iterations, inner, outer);
    const bytes = new DataView(new ArrayBuffer(WORDS * 4));
    mixed.forEach((word, index) => bytes.setInt32(index * 4, word));
    result.set(new Uint8Array(bytes.buffer).subarray(0, length - at), at);
  }
  return result;
}
