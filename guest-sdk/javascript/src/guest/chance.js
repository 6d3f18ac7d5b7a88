// Randomness and the clock while the component is made. There is no host to draw from, so that what an app draws is
// noted, and the builder refuses it.
import { isBuilding, whenRunning } from "./phase.js";
import { note } from "./reads.js";

const nativeRandom = Math.random;
const { crypto } = globalThis;
const natives = { getRandomValues: crypto.getRandomValues, randomUUID: crypto.randomUUID };

/** Any number will do for an app that is refused afterwards. */
const REFUSED = 0.5;

Math.random = function random() {
  if (!isBuilding()) return nativeRandom();
  note("randomness", "Math.random()");
  return REFUSED;
};

const replaced = {
  getRandomValues(array) {
    if (!isBuilding()) return inPieces(array);
    note("randomness", "crypto.getRandomValues()");
    return array;
  },
  randomUUID() {
    if (!isBuilding()) return natives.randomUUID.call(crypto);
    note("randomness", "crypto.randomUUID()");
    return "00000000-0000-4000-8000-000000000000";
  },
};
for (const [name, value] of Object.entries(replaced)) {
  Object.defineProperty(crypto, name, { value, writable: true, configurable: true, enumerable: true });
}

function inPieces(array) {
  return natives.getRandomValues.call(crypto, array);
}

const NativeDate = globalThis.Date;
const nativeNow = NativeDate.now;
class NotedDate extends NativeDate {
  constructor(...given) {
    super(...given);
    if (given.length === 0) note("clock", "new Date()");
  }

  static now() {
    note("clock", "Date.now()");
    return nativeNow();
  }

  static [Symbol.hasInstance](value) {
    return value instanceof NativeDate;
  }
}
Object.defineProperty(NotedDate, "name", { value: "Date" });

if (isBuilding()) {
  globalThis.Date = NotedDate;
  whenRunning(() => {
    globalThis.Date = NativeDate;
    Math.random = nativeRandom;
  });
}
