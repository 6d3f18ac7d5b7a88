module.exports = require("./util.js");
