module.exports = require("./http.js").forScheme("https");
