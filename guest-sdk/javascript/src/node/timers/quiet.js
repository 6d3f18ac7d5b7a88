// `node:timers/promises` for the clients of servers, whose timers no request waits for after its answer.
const { promisesOf } = require("./promises_of.js");
const { shared } = require("../../guest/shared.js");

module.exports = promisesOf((...values) => shared.quietTimeout(...values));
