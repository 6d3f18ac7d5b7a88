// What the modules of the runtime share. A bundle that is evaluated when an instance starts has modules of its own, so
// that the place is a property of the global object.

/**
 * @typedef {object} Shared
 * @property {"building" | "running"} phase
 * @property {import("./reads.js").Read[]} reads
 * @property {import("./options.js").Options} options
 * @property {(() => void)[]} whenRunning  what runs once, when the instance starts
 * @property {(() => unknown)[]} onStart  the app's own functions for that
 * @property {object} [host]  the interfaces of the host, if there are any
 * @property {boolean} hasTimers  whether the app has set a timer while the component was made
 * @property {Function} [listener]  what `node:http` listens with
 * @property {Function} [nodeAnswer]  how `node:http` answers
 * @property {import("./waiting.js").Waiting} [waiting]  waits for sockets, in components that have them
 * @property {object} [sockets]  the host's interfaces of TCP
 * @property {typeof setTimeout} [quietTimeout]  for clients of servers
 * @property {object} [current]  the request that is being answered
 */

/** @type {Shared} */
export const shared = (globalThis[Symbol.for("funcserver")] ??= {
  phase: "building",
  reads: [],
  options: undefined,
  whenRunning: [],
  onStart: [],
  host: undefined,
  listener: undefined,
  hasTimers: false,
  nodeAnswer: undefined,
  waiting: undefined,
  sockets: undefined,
  quietTimeout: undefined,
  current: undefined,
});
