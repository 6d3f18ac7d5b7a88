const stream = require("readable-stream/lib/stream.js");
const { toWeb, fromWeb } = require("./stream/convert.js");

// The package leaves these two to Node.js.
stream.Readable.toWeb = toWeb;
stream.Readable.fromWeb = (source, options) => fromWeb(stream.Readable, source, options);
stream.Stream ??= stream;
module.exports = stream;
