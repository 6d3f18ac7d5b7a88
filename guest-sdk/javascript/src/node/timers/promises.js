const { promisesOf } = require("./promises_of.js");

module.exports = promisesOf((...values) => setTimeout(...values));
