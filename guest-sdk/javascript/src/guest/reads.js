// Notes what an app reads of the environment, the clock and randomness while the component is made: the component keeps
// in every instance what such a read gave.
import { isBuilding } from "./phase.js";
import { shared } from "./shared.js";

/**
 * @typedef {object} Read
 * @property {"environment" | "randomness" | "clock"} kind
 * @property {string} name  the variable, or the function that was called
 * @property {boolean} granted  whether it is a variable that the settings grant
 * @property {string} stack  where, as the engine says it: `function@file:line:column` in each line
 */

const MOST = 200;
const nativeStack = Object.getOwnPropertyDescriptor(Error.prototype, "stack")?.get;

/** The calls that led here, as the engine says them. */
function stack() {
  const error = new Error("read");
  return String(nativeStack ? nativeStack.call(error) : error.stack);
}

/** @param {Read["kind"]} kind */
export function note(kind, name, granted = false) {
  if (!isBuilding() || shared.reads.length >= MOST) return;
  shared.reads.push({ kind, name, granted, stack: stack() });
}

/** @returns {Read[]} */
export const noted = () => shared.reads;
