// Whether the component is being made, where no call of the host is possible, or an instance runs.
import { shared } from "./shared.js";

export const isBuilding = () => shared.phase === "building";

/** Runs a function once in each instance, before it evaluates or calls anything of the app. At once if it runs already. */
export function whenRunning(action) {
  if (isBuilding()) shared.whenRunning.push(action);
  else action();
}

/** The start of the instance. */
export function run() {
  shared.phase = "running";
  for (const action of shared.whenRunning.splice(0)) action();
}
