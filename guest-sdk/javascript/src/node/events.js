const EventEmitter = require("events/events.js");
EventEmitter.EventEmitter = EventEmitter;
EventEmitter.captureRejectionSymbol ??= Symbol.for("nodejs.rejection");
EventEmitter.errorMonitor ??= Symbol("events.errorMonitor");
EventEmitter.getEventListeners ??= (emitter, name) => emitter.listeners(name);
EventEmitter.setMaxListeners ??= () => {};
module.exports = EventEmitter;
