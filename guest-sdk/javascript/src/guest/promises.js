// Promises that say when one is rejected and nobody looks, because the engine tells nobody. The builder puts this in
// front of a bundle, as the function by which esbuild writes async functions: the engine's own async functions would
// look at promises unseen. It also carries what `AsyncLocalStorage` stores across each wait.
//
// A script whose value is that function. Everything is kept in one place, as a bundle may meet the runtime of another.
(() => {
  const KEY = Symbol.for("funcserver.promises");
  if (globalThis[KEY]) return globalThis[KEY].run;

  const Native = globalThis.Promise;
  const nativeThen = Native.prototype.then;
  const nativeResolve = Native.resolve.bind(Native);
  const looked = Symbol("looked at");
  const state = {
    run,
    /** Promises that were rejected, each with its reason after it. */
    rejected: [],
    /** Called when there is one more. */
    onRejected: undefined,
    /** Async functions that have not ended. */
    running: 0,
    /** How often a promise was followed: one that is rejected may be known only in the next turn. */
    followed: 0,
    /** What `AsyncLocalStorage` stores. It is replaced and never changed. */
    frame: undefined,
    /** Takes out the rejected promises that nobody looks at: `[promise, reason]`. */
    taken() {
      const all = state.rejected;
      state.rejected = [];
      const found = [];
      for (let at = 0; at < all.length; at += 2) if (!all[at][looked]) found.push([all[at], all[at + 1]]);
      return found;
    },
  };
  Object.defineProperty(globalThis, KEY, { value: state });

  function note(promise, reason) {
    if (promise[looked]) return;
    state.rejected.push(promise, reason);
    state.onRejected?.();
  }

  const follows = (value) =>
    value !== null && (typeof value === "object" || typeof value === "function") && value instanceof Native;

  /** A promise that ends as another one does. */
  function watch(promise) {
    state.followed += 1;
    nativeThen.call(promise, undefined, (reason) => note(promise, reason));
  }

  function then(onFulfilled, onRejected) {
    if (!(this instanceof Native)) return nativeThen.call(this, onFulfilled, onRejected);
    this[looked] = true;
    state.followed += 1;
    const { frame } = state;
    let derived;
    const calling = (action) => (value) => {
      const before = state.frame;
      state.frame = frame;
      try {
        const result = action(value);
        if (follows(result)) watch(derived);
        return result;
      } catch (error) {
        note(derived, error);
        throw error;
      } finally {
        state.frame = before;
      }
    };
    derived = nativeThen.call(
      this,
      typeof onFulfilled === "function" ? calling(onFulfilled) : onFulfilled,
      typeof onRejected === "function" ? calling(onRejected) : calling(rethrow),
    );
    return derived;
  }
  function rethrow(reason) {
    throw reason;
  }
  Object.defineProperty(Native.prototype, "then", { value: then, writable: true, configurable: true });

  let lastResolve;
  let lastReject;
  const capture = (resolve, reject) => {
    lastResolve = resolve;
    lastReject = reject;
  };

  /** What esbuild makes of `async function`: a generator that yields what is awaited. */
  function run(self, values, body) {
    const { frame } = state;
    let generator;
    let next;
    state.running += 1;
    try {
      generator = body.apply(self, values);
      next = generator.next();
    } catch (error) {
      state.running -= 1;
      state.frame = frame;
      const promise = Native.reject(error);
      note(promise, error);
      return promise;
    }
    const inside = state.frame;
    state.frame = frame;
    if (!next.done) return suspended(generator, next.value, inside);
    state.running -= 1;
    const { value } = next;
    // Most functions of this kind wait for nothing.
    if (value === null || typeof value !== "object" || typeof value.then !== "function") return nativeResolve(value);
    const promise = new Native(capture);
    lastResolve(value);
    watch(promise);
    return promise;
  }

  function suspended(generator, first, frame) {
    const promise = new Native(capture);
    const resolve = lastResolve;
    const reject = lastReject;
    let inside = frame;
    const fail = (error, before) => {
      state.running -= 1;
      state.frame = before;
      note(promise, error);
      reject(error);
    };
    const step = (next, before) => {
      inside = state.frame;
      state.frame = before;
      if (!next.done) {
        wait(next.value);
        return;
      }
      state.running -= 1;
      resolve(next.value);
      if (follows(next.value)) watch(promise);
    };
    const fulfilled = (value) => {
      const before = state.frame;
      state.frame = inside;
      let next;
      try {
        next = generator.next(value);
      } catch (error) {
        fail(error, before);
        return;
      }
      step(next, before);
    };
    const failed = (reason) => {
      const before = state.frame;
      state.frame = inside;
      let next;
      try {
        next = generator.throw(reason);
      } catch (error) {
        fail(error, before);
        return;
      }
      step(next, before);
    };
    const wait = (value) => {
      const awaited = nativeResolve(value);
      awaited[looked] = true;
      nativeThen.call(awaited, fulfilled, failed);
    };
    wait(first);
    return promise;
  }

  function Promise(executor) {
    if (new.target === undefined) throw new TypeError("Promise is a constructor: new is missing");
    if (typeof executor !== "function") throw new TypeError("the argument of Promise is a function");
    let promise;
    let early = () => {};
    const act = (action) => {
      if (promise) action(promise);
      else early = action;
    };
    const native = (resolve, reject) => {
      let settled = false;
      const refuse = (reason) => {
        if (settled) return;
        settled = true;
        reject(reason);
        act((made) => note(made, reason));
      };
      const settle = (value) => {
        if (settled) return;
        settled = true;
        resolve(value);
        if (follows(value)) act(watch);
      };
      try {
        executor(settle, refuse);
      } catch (error) {
        refuse(error);
      }
    };
    promise = Reflect.construct(Native, [native], new.target === Promise ? Native : new.target);
    early(promise);
    return promise;
  }
  Object.setPrototypeOf(Promise, Native);
  Object.defineProperty(Promise, "prototype", { value: Native.prototype, writable: false });
  Object.defineProperty(Promise, "length", { value: 1 });
  Object.defineProperty(Promise, "name", { value: "Promise" });
  // Those that are called on the name itself make the engine's promises.
  const own = (self) => (self === Promise ? Native : self);
  const statics = {
    resolve: (self, value) => Native.resolve.call(self, value),
    withResolvers(self) {
      const made = Native.withResolvers.call(self);
      watch(made.promise);
      return made;
    },
  };
  for (const name of ["all", "allSettled", "any", "race", "reject", "try"]) {
    statics[name] = (self, ...values) => {
      const made = Native[name].call(self, ...values);
      watch(made);
      return made;
    };
  }
  for (const [name, action] of Object.entries(statics)) {
    if (typeof Native[name] !== "function") continue;
    const value = {
      [name](...values) {
        return action(own(this), ...values);
      },
    }[name];
    Object.defineProperty(Promise, name, { value, writable: true, configurable: true });
  }
  // Promises keep the engine's constructor, by which it knows those that it may wait for at once.
  Object.defineProperty(globalThis, "Promise", { value: Promise, writable: true, configurable: true });

  const { queueMicrotask } = globalThis;
  globalThis.queueMicrotask = (action) => queueMicrotask(state.bound(action));
  /** A function that finds what is stored now. */
  state.bound = (action) => {
    const { frame } = state;
    if (frame === undefined) return action;
    return function bound(...values) {
      const before = state.frame;
      state.frame = frame;
      try {
        return action.apply(this, values);
      } finally {
        state.frame = before;
      }
    };
  };
  return run;
})()
