// There is one process, and none can be started.
const { EventEmitter } = require("./events.js");
const { absent } = require("./absent.js");

const missing = absent("cluster");
module.exports = Object.assign(new EventEmitter(), {
  isMaster: true,
  isPrimary: true,
  isWorker: false,
  workers: {},
  settings: {},
  worker: undefined,
  setupPrimary() {},
  setupMaster() {},
  fork: missing.fork,
  disconnect: missing.disconnect,
});
