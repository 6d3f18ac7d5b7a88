// Values as `console` of Node.js shows them.
import { trace } from "./stack.js";

const LONGEST_LINE = 76;
const MOST_ITEMS = 100;
const DEEPEST = 2;
const NAME = /^[A-Za-z_$][\w$]*$/;

/** @param {unknown[]} values */
export function format(values) {
  const [first, ...others] = values;
  if (typeof first !== "string") return values.map(one).join(" ");
  if (others.length === 0) return first;
  let used = 0;
  const text = first.replace(/%[sdifjoOc%]/g, (found) => {
    if (found === "%%") return "%";
    if (used >= others.length) return found;
    const value = others[used];
    used += 1;
    return placed(found, value);
  });
  return [text, ...others.slice(used).map(one)].join(" ");
}

function placed(kind, value) {
  switch (kind) {
    case "%s":
      return typeof value === "object" && value !== null ? inspect(value, { depth: 0 }) : String(value);
    case "%d":
      return typeof value === "bigint" ? `${value}n` : String(Number(value));
    case "%i":
      return typeof value === "bigint" ? `${value}n` : String(Number.parseInt(value, 10));
    case "%f":
      return String(Number.parseFloat(value));
    case "%j":
      return json(value);
    case "%c":
      return "";
    default:
      return inspect(value);
  }
}

function json(value) {
  try {
    return JSON.stringify(value) ?? "undefined";
  } catch {
    return "[Circular]";
  }
}

const one = (value) => (typeof value === "string" ? value : inspect(value));

export const custom = Symbol.for("nodejs.util.inspect.custom");

/** @param {{ depth?: number | null }} [settings] */
export function inspect(value, settings = {}) {
  const depth = settings.depth === null ? Infinity : (settings.depth ?? DEEPEST);
  return shown(value, { depth, level: 0, seen: [] });
}

function shown(value, state) {
  switch (typeof value) {
    case "string":
      return quoted(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
      return value.toString();
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "function":
      return functionText(value);
    case "object":
      return value === null ? "null" : object(value, state);
    default:
      return String(value);
  }
}

function quoted(text) {
  const json = JSON.stringify(text).slice(1, -1).replace(/\\"/g, '"');
  if (!text.includes("'")) return `'${json}'`;
  return text.includes('"') ? `\`${json}\`` : `"${json}"`;
}

function functionText(value) {
  const isClass = /^class\b/.test(Function.prototype.toString.call(value));
  const kind = isClass ? "class" : "Function";
  if (isClass) return `[class ${value.name || "(anonymous)"}]`;
  return value.name ? `[${kind}: ${value.name}]` : `[${kind} (anonymous)]`;
}

function object(value, state) {
  if (state.seen.includes(value)) return "[Circular *1]";
  if (typeof value[custom] === "function") {
    const own = value[custom](state.depth - state.level, {}, inspect);
    if (own !== value) return typeof own === "string" ? own : shown(own, state);
  }
  if (value instanceof Error) return errorText(value, state);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (value instanceof Promise) return "Promise {}";
  if (value instanceof URL) return `URL { href: ${quoted(value.href)} }`;
  const name = className(value);
  if (state.level > state.depth) return Array.isArray(value) ? "[Array]" : `[${name || "Object"}]`;
  const inner = { ...state, level: state.level + 1, seen: [...state.seen, value] };
  if (Array.isArray(value)) return group("[", items(value, inner), "]", name === "Array" ? "" : name);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return group("[", items(Array.from(value.subarray(0, MOST_ITEMS + 1)), inner), "]", `${name}(${value.length})`);
  }
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => `${shown(key, inner)} => ${shown(item, inner)}`);
    return group("{", entries, "}", `Map(${value.size})`);
  }
  if (value instanceof Set) {
    return group("{", [...value].map((item) => shown(item, inner)), "}", `Set(${value.size})`);
  }
  return group("{", properties(value, inner), "}", name === "Object" ? "" : name || "[Object: null prototype]");
}

function className(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null ? "" : (prototype.constructor?.name ?? "Object");
}

function errorText(error, state) {
  const members = properties(error, { ...state, level: state.level + 1, seen: [...state.seen, error] });
  const text = trace(error);
  return members.length === 0 ? text : `${text} {\n  ${members.join(",\n  ")}\n}`;
}

function items(list, state) {
  const texts = [];
  for (let index = 0; index < list.length && index < MOST_ITEMS; index += 1) {
    texts.push(index in list ? shown(list[index], state) : "<empty>");
  }
  if (list.length > MOST_ITEMS) texts.push(`... ${list.length - MOST_ITEMS} more items`);
  return texts;
}

function properties(value, state) {
  const texts = [];
  for (const key of Reflect.ownKeys(value)) {
    const found = Object.getOwnPropertyDescriptor(value, key);
    if (!found?.enumerable) continue;
    const name = typeof key === "symbol" ? `[${key.toString()}]` : NAME.test(key) ? key : quoted(key);
    let text;
    if (found.get) text = found.set ? "[Getter/Setter]" : "[Getter]";
    else text = found.set ? "[Setter]" : shown(found.value, state);
    texts.push(`${name}: ${text}`);
  }
  return texts;
}

function group(open, texts, close, name) {
  const start = name ? `${name} ${open}` : open;
  if (texts.length === 0) return `${start}${close}`;
  const space = open === "{" ? " " : " ";
  const line = `${start}${space}${texts.join(", ")}${space}${close}`;
  if (line.length <= LONGEST_LINE && !line.includes("\n")) return line;
  const indented = texts.map((text) => `  ${text.replace(/\n/g, "\n  ")}`);
  return `${start}\n${indented.join(",\n")}\n${close}`;
}
