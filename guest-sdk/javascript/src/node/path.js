const path = require("path-browserify/index.js");
path.posix = path;
path.win32 ??= path;
module.exports = path;
