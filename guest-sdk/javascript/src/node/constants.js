module.exports = { ...require("./fs.js").constants };
