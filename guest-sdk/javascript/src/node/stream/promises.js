module.exports = require("../stream.js").promises;
