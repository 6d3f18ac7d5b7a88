const { absent } = require("./absent.js");
const missing = absent("tty");
module.exports = { isatty: () => false, ReadStream: missing.ReadStream, WriteStream: missing.WriteStream };
