const buffer = require("buffer/index.js");
const { Buffer } = buffer;

// The package knows no base64url.
const { from } = Buffer;
const isUrl = (encoding) => typeof encoding === "string" && encoding.toLowerCase() === "base64url";
Buffer.from = (value, encoding, ...others) => from.call(Buffer, value, isUrl(encoding) ? "base64" : encoding, ...others);
for (const name of ["write", "fill", "indexOf", "lastIndexOf", "includes"]) {
  const method = Buffer.prototype[name];
  Buffer.prototype[name] = function withUrl(value, ...others) {
    return method.call(this, value, ...others.map((one) => (isUrl(one) ? "base64" : one)));
  };
}
// The package compares with buffers of its own alone.
Buffer.prototype.equals = function equals(other) {
  return this === other || Buffer.compare(this, other) === 0;
};
const { alloc } = Buffer;
Buffer.alloc = (size, value, encoding) => alloc.call(Buffer, size, value, isUrl(encoding) ? "base64" : encoding);

const { toString } = Buffer.prototype;
const UTF8 = /^utf-?8$/i;
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
/** The bytes between two places, which may be anything that Node.js takes. */
function range(bytes, start, end) {
  const whole = (place, otherwise) => (place === undefined ? otherwise : Math.max(Math.trunc(Number(place)) || 0, 0));
  if (start === undefined && end === undefined) return bytes;
  return bytes.subarray(whole(start, 0), Math.max(whole(start, 0), whole(end, bytes.length)));
}
Buffer.prototype.toString = function text(encoding, ...others) {
  // The package decodes malformed bytes in another way than Node.js and the web do.
  if (UTF8.test(encoding ?? "utf8")) return utf8.decode(range(this, ...others));
  if (!isUrl(encoding)) return toString.call(this, encoding, ...others);
  return toString.call(this, "base64", ...others).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};
// Parsers of forms call these, which Node.js does not document.
for (const name of ["ascii", "base64", "base64url", "hex", "latin1", "ucs2", "utf8"]) {
  Buffer.prototype[`${name}Slice`] = function slice(start, end) {
    return this.toString(name, start, end);
  };
  Buffer.prototype[`${name}Write`] = function write(text, start, length) {
    return this.write(text, start, length, name);
  };
}
const { isEncoding } = Buffer;
Buffer.isEncoding = (encoding) => isUrl(encoding) || isEncoding(encoding);
Buffer.byteLength = ((byteLength) => (value, encoding) => byteLength(value, isUrl(encoding) ? "base64" : encoding))(
  Buffer.byteLength,
);
module.exports = { ...buffer, Buffer, Blob, File, atob, btoa, constants: { MAX_LENGTH: buffer.kMaxLength } };
globalThis.Buffer ??= Buffer;
