// The package `funcserver`, in a component and outside of one.
import { lambdaContext } from "./guest/context.js";
import { shared } from "./guest/shared.js";

/** Whether this is a component: the builder says so. */
const inComponent = typeof FUNCSERVER_OPTIONS === "object";

/** Names the app of a module: `export default serve(app)`. Outside of a component it returns the app. */
export function serve(app) {
  return inComponent ? { [Symbol.for("funcserver.app")]: app } : app;
}

/**
 * Runs a function once in each instance, before its first request: the place to read variables and secrets. Outside of
 * a component it runs at once.
 */
export function onStart(action) {
  if (inComponent) shared.onStart.push(action);
  else action();
  return action;
}

export { lambdaContext };
export { waitUntil } from "./guest/after.js";
