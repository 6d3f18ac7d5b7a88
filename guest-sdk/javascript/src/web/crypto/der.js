// As much of DER (X.690) as the two formats of keys take: SubjectPublicKeyInfo (RFC 5280) and PrivateKeyInfo (RFC 5958).
const malformed = () => new DOMException("the key is malformed", "DataError");

/** The element at the start of bytes, and what is after it. */
function element(bytes) {
  let length = bytes[1];
  let start = 2;
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4) throw malformed();
    length = 0;
    for (let at = 0; at < count; at += 1) length = length * 256 + bytes[2 + at];
    start += count;
  }
  if (!(start + length <= bytes.length)) throw malformed();
  return { tag: bytes[0], value: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) };
}

/** The elements in a sequence, each with its tag and value. */
export function sequence(bytes) {
  const { tag, value } = element(bytes);
  if (tag !== 0x30) throw malformed();
  const found = [];
  for (let rest = value; rest.length > 0; ) {
    const next = element(rest);
    found.push(next);
    rest = next.rest;
  }
  return found;
}

export function octets(bytes) {
  const { tag, value } = element(bytes);
  if (tag !== 0x04) throw malformed();
  return value;
}

/** What a value with this tag is in DER. */
export function encoded(tag, ...values) {
  const size = values.reduce((sum, { length }) => sum + length, 0);
  const head = [tag];
  if (size < 0x80) head.push(size);
  else if (size < 0x100) head.push(0x81, size);
  else head.push(0x82, size >> 8, size & 0xff);
  const whole = new Uint8Array(head.length + size);
  whole.set(head);
  let at = head.length;
  for (const value of values) {
    whole.set(value, at);
    at += value.length;
  }
  return whole;
}

/** A positive integer. */
export const integer = (bytes) => encoded(0x02, bytes.length === 0 || bytes[0] >= 0x80 ? Uint8Array.of(0, ...bytes) : bytes);

const parse = (text) => Uint8Array.from(text.split(" "), (digits) => parseInt(digits, 16));
const CURVES = {
  "P-256": parse("06 08 2a 86 48 ce 3d 03 01 07"),
  "P-384": parse("06 05 2b 81 04 00 22"),
  "P-521": parse("06 05 2b 81 04 00 23"),
};
const EC = parse("06 07 2a 86 48 ce 3d 02 01");
const NULL = Uint8Array.of(5, 0);
/** The algorithms of keys, as they are written in both formats. */
const ALGORITHMS = {
  RSA: encoded(0x30, parse("06 09 2a 86 48 86 f7 0d 01 01 01"), NULL),
  Ed25519: encoded(0x30, parse("06 03 2b 65 70")),
  X25519: encoded(0x30, parse("06 03 2b 65 6e")),
};
for (const [name, curve] of Object.entries(CURVES)) ALGORITHMS[name] = encoded(0x30, EC, curve);

function checkAlgorithm({ tag, value }, kind) {
  const given = encoded(tag, value);
  const known = ALGORITHMS[kind];
  if (given.length !== known.length || given.some((byte, at) => byte !== known[at])) {
    throw new DOMException(`the key is not one for ${kind}`, "DataError");
  }
}

/** The bits of a public key. */
export function fromSpki(bytes, kind) {
  const [algorithm, key] = sequence(bytes);
  checkAlgorithm(algorithm, kind);
  if (key?.tag !== 0x03 || key.value[0] !== 0) throw malformed();
  return key.value.subarray(1);
}

export const toSpki = (bytes, kind) => encoded(0x30, ALGORITHMS[kind], encoded(0x03, Uint8Array.of(0), bytes));

/** What is in a private key. */
export function fromPkcs8(bytes, kind) {
  const [, algorithm, key] = sequence(bytes);
  checkAlgorithm(algorithm, kind);
  if (key?.tag !== 0x04) throw malformed();
  return key.value;
}

export const toPkcs8 = (bytes, kind) =>
  encoded(0x30, integer(Uint8Array.of(0)), ALGORITHMS[kind], encoded(0x04, bytes));
