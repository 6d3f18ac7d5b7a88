// `process.env`: the variables that the settings grant, as they are when an instance starts.
import { isBuilding, whenRunning } from "./phase.js";
import { options } from "./options.js";
import { note } from "./reads.js";
import { shared } from "./shared.js";

const granted = new Set(options.granted);
/** What the app has set itself while the component was made. */
const values = Object.create(null);

/** Whether the host has still to be asked, which many requests do without. */
let isDue = false;
whenRunning(() => (isDue = true));

function ask() {
  isDue = false;
  const own = { ...values };
  for (const [name, value] of shared.host?.environment.getEnvironment() ?? []) values[name] = value;
  Object.assign(values, own);
}

function read(name) {
  if (isDue) ask();
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
    if (isDue) ask();
    target[name] = String(value);
    return true;
  },
  deleteProperty(target, name) {
    if (isDue) ask();
    return Reflect.deleteProperty(target, name);
  },
  getOwnPropertyDescriptor(target, name) {
    if (isDue) ask();
    return Reflect.getOwnPropertyDescriptor(target, name);
  },
  ownKeys(target) {
    if (isDue) ask();
    // A copy of all is a read of those that are granted.
    if (isBuilding()) for (const name of granted) if (!(name in target)) note("environment", name, true);
    return Reflect.ownKeys(target);
  },
});
