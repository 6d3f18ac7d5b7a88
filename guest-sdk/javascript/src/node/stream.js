const stream = require("readable-stream/lib/ours/index.js");
stream.Stream ??= stream;
module.exports = stream;
