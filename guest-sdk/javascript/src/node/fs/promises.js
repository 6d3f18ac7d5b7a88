module.exports = require("../fs.js").promises;
