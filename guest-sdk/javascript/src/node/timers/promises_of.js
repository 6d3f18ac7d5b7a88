/** The functions of `node:timers/promises`, by a `setTimeout`. */
exports.promisesOf = function promisesOf(setTimeout) {
  function wait(delay, value, { signal } = {}) {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const stop = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve(value);
      }, delay);
      signal?.addEventListener("abort", stop, { once: true });
    });
  }

  return {
    setTimeout: wait,
    setImmediate: (value, settings) => wait(0, value, settings),
    async *setInterval(delay, value, settings) {
      for (;;) yield await wait(delay, value, settings);
    },
    scheduler: { wait: (delay, settings) => wait(delay, undefined, settings), yield: () => wait(0) },
  };
};
