// The store of a request. It lasts for what `run` calls, for the promises that this returns, and for callbacks that were
// bound: after an `await` it is the store of the run that is under way, as a component answers one request at a time.
let nextId = 0;
const stores = new Set();

class AsyncLocalStorage {
  constructor() {
    this._store = undefined;
    stores.add(this);
  }

  getStore() {
    return this._store;
  }

  run(store, action, ...values) {
    const before = this._store;
    this._store = store;
    const restore = () => {
      if (this._store === store) this._store = before;
    };
    let result;
    try {
      result = action(...values);
    } catch (error) {
      restore();
      throw error;
    }
    if (typeof result?.then === "function") result.then(restore, restore);
    // A listener of node:http returns before it has answered. The next request brings a store of its own.
    return result;
  }

  exit(action, ...values) {
    return this.run(undefined, action, ...values);
  }

  enterWith(store) {
    this._store = store;
  }

  disable() {
    this._store = undefined;
  }

  static bind(action) {
    const restore = AsyncLocalStorage.snapshot();
    return (...values) => restore(action, ...values);
  }

  static snapshot() {
    const taken = [...stores].map((storage) => [storage, storage._store]);
    return (action, ...values) => {
      const before = taken.map(([storage]) => [storage, storage._store]);
      for (const [storage, store] of taken) storage._store = store;
      try {
        return action(...values);
      } finally {
        for (const [storage, store] of before) storage._store = store;
      }
    };
  }
}

class AsyncResource {
  constructor(type) {
    this.type = type;
    this._id = nextId += 1;
    this._restore = AsyncLocalStorage.snapshot();
  }

  runInAsyncScope(action, self, ...values) {
    return this._restore(() => action.apply(self, values));
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
