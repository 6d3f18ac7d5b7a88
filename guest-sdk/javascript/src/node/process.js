module.exports = require("../guest/process.js").process;
