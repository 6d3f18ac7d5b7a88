const buffer = require("buffer/index.js");
const { Buffer } = buffer;

// The package knows no base64url.
const { from } = Buffer;
const isUrl = (encoding) => typeof encoding === "string" && encoding.toLowerCase() === "base64url";
Buffer.from = (value, encoding, ...others) => from.call(Buffer, value, isUrl(encoding) ? "base64" : encoding, ...others);
const { toString } = Buffer.prototype;
Buffer.prototype.toString = function text(encoding, ...others) {
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
