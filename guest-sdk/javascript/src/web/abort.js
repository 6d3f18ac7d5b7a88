// What the engine's `AbortSignal` and `AbortController` have wrong: `throwIfAborted` and `any` end the instance, `abort`
// needs a reason, and the errors have no message.
import { setTimeout } from "../guest/work.js";

const aborted = () => new DOMException("This operation was aborted", "AbortError");
const late = () => new DOMException("The operation was aborted due to timeout", "TimeoutError");

const { prototype } = AbortController;
const nativeAbort = prototype.abort;

const abort = {
  abort(reason = aborted()) {
    nativeAbort.call(this, reason);
  },
}.abort;

const statics = {
  abort(reason = aborted()) {
    const controller = new AbortController();
    controller.abort(reason);
    return controller.signal;
  },

  timeout(delay) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(late()), delay).unref();
    return controller.signal;
  },

  /** A signal that is aborted with the first of these. */
  any(signals) {
    const controller = new AbortController();
    const all = Array.from(signals);
    const first = all.find((signal) => signal.aborted);
    if (first) {
      controller.abort(first.reason);
      return controller.signal;
    }
    const stop = (event) => {
      for (const signal of all) signal.removeEventListener("abort", stop);
      controller.abort(event.target.reason);
    };
    for (const signal of all) signal.addEventListener("abort", stop);
    return controller.signal;
  },
};

const define = (owner, name, value) =>
  Object.defineProperty(owner, name, { value, writable: true, configurable: true, enumerable: true });
define(prototype, "abort", abort);
define(AbortSignal.prototype, "throwIfAborted", function throwIfAborted() {
  if (this.aborted) throw this.reason;
});
for (const [name, value] of Object.entries(statics)) define(AbortSignal, name, value);
