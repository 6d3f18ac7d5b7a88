// `console`, whose methods keep their level in the log, and whose texts of several lines are one record.
import { format, inspect } from "./format.js";
import { log } from "./log.js";
import { stackOf } from "./stack.js";

const counts = new Map();
const timers = new Map();
let indent = "";

const isRecord = (text) => text.startsWith("{") && text.endsWith("}") && !text.includes("\n");

/** @param {string} level @param {string} text */
export function print(level, text) {
  const whole = indent ? indent + text.replace(/\n/g, `\n${indent}`) : text;
  // Loggers write JSON, with a level of their own.
  if (isRecord(whole)) log.line(whole);
  else if (level === "INFO" && !whole.includes("\n") && whole.length < 12_000) log.line(whole);
  else log.record(level, whole);
}

const at =
  (level) =>
  (...values) =>
    print(level, format(values));

const own = {
  log: at("INFO"),
  info: at("INFO"),
  debug: at("DEBUG"),
  warn: at("WARN"),
  error: at("ERROR"),
  dir: (value, settings) => print("INFO", inspect(value, settings)),
  dirxml: at("INFO"),
  table: (value) => print("INFO", inspect(value, { depth: 3 })),
  trace(...values) {
    const error = new Error(format(values));
    error.name = "Trace";
    print("DEBUG", stackOf(error));
  },
  assert(condition, ...values) {
    if (condition) return;
    print("ERROR", values.length === 0 ? "Assertion failed" : `Assertion failed: ${format(values)}`);
  },
  count(label = "default") {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    print("INFO", `${label}: ${counts.get(label)}`);
  },
  countReset: (label = "default") => void counts.delete(label),
  group(...values) {
    if (values.length > 0) own.log(...values);
    indent += "  ";
  },
  groupEnd() {
    indent = indent.slice(2);
  },
  time: (label = "default") => void timers.set(label, Date.now()),
  timeLog(label = "default", ...values) {
    if (timers.has(label)) own.log(`${label}: ${Date.now() - timers.get(label)}ms`, ...values);
  },
  timeEnd(label = "default") {
    own.timeLog(label);
    timers.delete(label);
  },
  clear() {},
};
own.groupCollapsed = own.group;

export const install = () => Object.assign(globalThis.console, own);
