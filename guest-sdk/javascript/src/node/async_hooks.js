// The store of a request. It lasts for what `run` calls and for all that this starts: see src/guest/promises.js.
const promises = globalThis[Symbol.for("funcserver.promises")];
let nextId = 0;

/** A copy of all that is stored, with one more. */
const framed = (storage, store) => new Map(promises.frame).set(storage, store);

function within(frame, action, self, values) {
  const before = promises.frame;
  promises.frame = frame;
  try {
    return action.apply(self, values);
  } finally {
    promises.frame = before;
  }
}

class AsyncLocalStorage {
  constructor({ defaultValue, name } = {}) {
    this._default = defaultValue;
    this.name = name ?? "";
  }

  getStore() {
    const { frame } = promises;
    return frame !== undefined && frame.has(this) ? frame.get(this) : this._default;
  }

  run(store, action, ...values) {
    return within(framed(this, store), action, undefined, values);
  }

  exit(action, ...values) {
    return this.run(undefined, action, ...values);
  }

  enterWith(store) {
    promises.frame = framed(this, store);
  }

  disable() {
    this.enterWith(undefined);
  }

  static bind(action) {
    const { frame } = promises;
    return function bound(...values) {
      return within(frame, action, this, values);
    };
  }

  static snapshot() {
    const { frame } = promises;
    return (action, ...values) => within(frame, action, undefined, values);
  }
}

class AsyncResource {
  constructor(type) {
    this.type = type;
    this._id = nextId += 1;
    this._frame = promises.frame;
  }

  runInAsyncScope(action, self, ...values) {
    return within(this._frame, action, self, values);
  }

  bind(action) {
    return (...values) => this.runInAsyncScope(action, undefined, ...values);
  }

  static bind(action, type) {
    return new AsyncResource(type ?? "bound").bind(action);
  }

  emitDestroy() {
    return this;
  }

  asyncId() {
    return this._id;
  }

  triggerAsyncId() {
    return 0;
  }
}

module.exports = {
  AsyncLocalStorage,
  AsyncResource,
  createHook: () => ({ enable() {}, disable() {} }),
  executionAsyncId: () => 0,
  triggerAsyncId: () => 0,
  executionAsyncResource: () => ({}),
};
