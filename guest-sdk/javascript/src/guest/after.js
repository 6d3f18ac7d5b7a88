// Work after the answer, in a component and outside of one.
import { shared } from "./shared.js";

/** Waits for a promise before the request ends. A failure of it is in the log. */
export function waitUntil(promise) {
  const report = shared.waitUntil ?? ((given) => given.catch((error) => console.error(error)));
  report(Promise.resolve(promise));
}
