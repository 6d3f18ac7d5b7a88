// There is one thread, and none can be started.
const { absent } = require("./absent.js");

const missing = absent("worker_threads");
module.exports = {
  isMainThread: true,
  parentPort: null,
  workerData: null,
  threadId: 0,
  resourceLimits: {},
  SHARE_ENV: Symbol("share env"),
  Worker: missing.Worker,
  MessageChannel: globalThis.MessageChannel,
  MessagePort: globalThis.MessagePort,
  BroadcastChannel: missing.BroadcastChannel,
  markAsUntransferable() {},
  isMarkedAsUntransferable: () => false,
  moveMessagePortToContext: missing.moveMessagePortToContext,
  receiveMessageOnPort: missing.receiveMessageOnPort,
  getEnvironmentData() {},
  setEnvironmentData() {},
};
