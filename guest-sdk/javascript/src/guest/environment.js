// `process.env`: the variables that the settings grant, as they are when an instance starts.
import { isBuilding, whenRunning } from "./phase.js";
import { options } from "./options.js";
import { note } from "./reads.js";
import { shared } from "./shared.js";

const granted = new Set(options.granted);
/** What the app has set itself while the component was made. */
const values = Object.create(null);

whenRunning(() => {
  const own = { ...values };
  for (const [name, value] of shared.host?.environment.getEnvironment() ?? []) values[name] = value;
  Object.assign(values, own);
});

function read(name) {
  if (isBuilding() && !(name in values)) note("environment", name, granted.has(name));
}

export const env = new Proxy(values, {
  get(target, name) {
    if (typeof name !== "string") return undefined;
    read(name);
    if (name in target) return target[name];
    return name in Object.prototype ? Object.prototype[name] : undefined;
  },
  has(target, name) {
    if (typeof name === "string") read(name);
    return name in target;
  },
  set(target, name, value) {
    target[name] = String(value);
    return true;
  },
  ownKeys(target) {
    // A copy of all is a read of those that are granted.
    if (isBuilding()) for (const name of granted) if (!(name in target)) note("environment", name, true);
    return Reflect.ownKeys(target);
  },
});
