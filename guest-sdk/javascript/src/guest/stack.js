// Stacks with the user's files and lines, by the source map of the bundle.
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

import { shared } from "./shared.js";

const nativeStack = (shared.nativeStack ??= Object.getOwnPropertyDescriptor(Error.prototype, "stack"));
const FRAME = /^(.*?)@(.*?):(\d+):(\d+)$/;
const MOST_FRAMES = 40;
// The adapter's own frames say nothing about the app. The builder gives its sources these names.
const OWN = /^funcserver\/src\/(?:guest|web)\/|(?:initializer|runtime)\.js$/;
const BUNDLE = /(?:^|\/)bundle\.js$/;

/** The text of the map, or a function that gives it. @param {string | object | (() => string)} map */
export function setMap(map) {
  shared.map = map;
  shared.tracer = undefined;
}

/** The map that is written into the end of a bundle. */
export function inlineMap(text) {
  const at = text.lastIndexOf("//# sourceMappingURL=data:application/json;base64,");
  if (at < 0) return undefined;
  const encoded = text.slice(text.indexOf(",", at) + 1).trim();
  const binary = atob(encoded);
  return new TextDecoder().decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
}

function tracer() {
  if (shared.tracer !== undefined) return shared.tracer;
  try {
    const given = shared.map ?? globalThis.FUNCSERVER_MAP;
    const map = typeof given === "function" ? given() : given;
    shared.tracer = map ? new TraceMap(map) : null;
  } catch {
    shared.tracer = null;
  }
  return shared.tracer;
}

/** A frame as Node.js writes it; undefined if it is one of the adapter's. */
function frame(line) {
  const [, name, file, row, column] = FRAME.exec(line) ?? [];
  if (file === undefined) return `    at ${line}`;
  if (OWN.test(file)) return undefined;
  const map = tracer();
  const found = map && originalPositionFor(map, { line: Number(row), column: Math.max(Number(column) - 1, 0) });
  const place = found?.source ? `${found.source}:${found.line}:${found.column + 1}` : `${file}:${row}:${column}`;
  // What the builder has added has no source.
  if (map && (found?.source ? OWN.test(found.source) : BUNDLE.test(file))) return undefined;
  const called = name.replace(/\/<$/, "").replace(/^async\*/, "async ");
  return called && called !== "<" ? `    at ${called} (${place})` : `    at ${place}`;
}

function frames(text) {
  const lines = text.split("\n").filter(Boolean);
  const all = lines.map(frame).filter((line) => line !== undefined);
  return all.slice(0, MOST_FRAMES);
}

/** `TypeError: no stock`, and where. */
export function stackOf(error) {
  const text = nativeStack?.get?.call(error);
  const head = headOf(error);
  if (typeof text !== "string") return head;
  return [head, ...frames(text)].join("\n");
}

function headOf(error) {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return "Error";
  }
}

/** An error with its causes. Anything can be thrown. */
export function trace(error) {
  const seen = new Set();
  const texts = [];
  for (let next = error; next !== undefined && next !== null && !seen.has(next) && seen.size < 10; ) {
    seen.add(next);
    if (!(next instanceof Error)) {
      texts.push(plain(next));
      break;
    }
    // A library may have replaced it.
    const own = Object.getOwnPropertyDescriptor(next, "stack");
    texts.push(typeof own?.value === "string" && own.value !== "" ? withHead(next, own.value) : stackOf(next));
    if (next instanceof AggregateError) for (const one of next.errors ?? []) texts.push(`  ${stackOf(one)}`);
    next = next.cause;
  }
  return texts.join("\nCaused by: ");
}

function withHead(error, stack) {
  const head = headOf(error);
  return stack.startsWith(head) ? stack : `${head}\n${stack}`;
}

function plain(value) {
  if (typeof value !== "object" && typeof value !== "function") return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** `error.stack` begins with the error, as libraries expect that were written for Node.js. */
export function install() {
  if (!nativeStack?.get) return;
  Object.defineProperty(Error.prototype, "stack", {
    get() {
      return this instanceof Error ? stackOf(this) : undefined;
    },
    set(value) {
      Object.defineProperty(this, "stack", { value, writable: true, configurable: true, enumerable: false });
    },
    configurable: true,
  });
  // The engine's own writes its frames, which are places in the bundle, into the object.
  Error.captureStackTrace = function captureStackTrace(target, topmost) {
    const taken = new Error();
    Object.defineProperty(target, "stack", {
      get() {
        const text = nativeStack.get.call(taken);
        const calls = frames(text.slice(text.indexOf("\n") + 1));
        const hidden = topmost?.name ? calls.findIndex((line) => line.startsWith(`    at ${topmost.name} (`)) : -1;
        return [headOf(target), ...calls.slice(hidden + 1)].join("\n");
      },
      set(value) {
        Object.defineProperty(this, "stack", { value, writable: true, configurable: true, enumerable: false });
      },
      configurable: true,
    });
  };
}
