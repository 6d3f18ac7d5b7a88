// Promises that were rejected and that nobody looks at: one record for each.
import { emit } from "./process.js";
import { log } from "./log.js";
import { isBuilding, whenRunning } from "./phase.js";
import { shared } from "./shared.js";
import { begin, end, nativeTimers } from "./work.js";

/** See promises.js. */
const promises = globalThis[Symbol.for("funcserver.promises")];
/** Turns of the queue of microtasks, where no turn of the loop comes any more. */
const MOST_MICROTASKS = 50;

/** How many async functions are under way. */
export const running = () => promises.running;
/** A number that changes when a promise is followed. */
export const followed = () => promises.followed;

/** A request begins: what `AsyncLocalStorage` stored in another one is not its own. */
export function forget() {
  promises.frame = undefined;
}

let isWaiting = false;

/** Whoever looks at a promise has the time until all that is to be done now is done, as in Node.js. */
function wait() {
  if (isWaiting || isBuilding()) return;
  isWaiting = true;
  if (shared.current === undefined) {
    microtasks(MOST_MICROTASKS, report);
    return;
  }
  begin();
  nativeTimers.setTimeout(() => {
    report();
    end();
  }, 0);
}

function microtasks(count, then) {
  if (count === 0) then();
  else queueMicrotask(() => microtasks(count - 1, then));
}

function report() {
  isWaiting = false;
  for (const [promise, reason] of promises.taken()) {
    if (!emit("unhandledRejection", reason, promise)) log.failure(reason, "a promise that nobody awaits");
  }
}

promises.onRejected = wait;
// Of what was rejected while the component was made.
whenRunning(() => {
  if (promises.rejected.length > 0) wait();
});
