// Which kind of app a module has.
import { shared } from "./shared.js";

/** The names that are tried, in this order, if none is asked for. */
const NAMES = ["default", "app", "handler", "fetch", "incomingHandler", "server"];
/** The key under which `serve` of the package stores the app. */
export const served = Symbol.for("funcserver.app");

/** @typedef {{ kind: "fetch", call: Function, app?: object } | { kind: "node", listener: Function }} Kind */

/**
 * The app of a module. Throws a sentence that says what was found.
 * @returns {Kind}
 */
export function kindOf(module, app) {
  const [, name] = /:([\w$]+)$/.exec(app) ?? [];
  const file = app.replace(/:[\w$]+$/, "") || "the module";
  if (name !== undefined) {
    if (!(name in module)) throw new TypeError(`${file} has no export ${name}: it exports ${exportsOf(module)}`);
    const found = kind(module[name]);
    if (found) return found;
    throw new TypeError(`${app} is not an app: ${described(module[name])}. ${WANTED}`);
  }
  for (const key of NAMES) {
    const value = unwrapped(module[key]);
    if (value === undefined) continue;
    // `export function fetch` is a function of a request, and `export default { fetch }` an object.
    const found = kind(value);
    if (found) return found;
  }
  const listener = shared.listener;
  if (listener) return { kind: "node", listener };
  throw new TypeError(`${file} exports no app: it exports ${exportsOf(module)}. ${WANTED}`);
}

/** Whether a module has an app, or has started a server. One that starts it in an async function may do so later. */
export function isReady(module, app) {
  if (shared.listener) return true;
  try {
    return Boolean(kindOf(module, app));
  } catch {
    return false;
  }
}

const WANTED =
  "An app is an object with a function fetch (Hono), a function from Request to Response, or a listener of node:http";

function exportsOf(module) {
  const names = Object.keys(module).filter((name) => module[name] !== undefined);
  return names.length === 0 ? "nothing" : names.join(", ");
}

function described(value) {
  if (value === null || value === undefined) return `it is ${value}`;
  if (typeof value !== "object") return `it is a ${typeof value}`;
  return `it is an object with ${Object.keys(value).slice(0, 5).join(", ") || "no members"}`;
}

/** A module in CommonJS has its exports in `default`. */
function unwrapped(value) {
  const inner = value?.[served] ?? value;
  return inner?.__esModule && inner.default !== undefined ? inner.default : inner;
}

function kind(given) {
  const value = unwrapped(given);
  if (value === null || value === undefined) return undefined;
  if (isNodeApp(value)) return { kind: "node", listener: value };
  if (typeof value.fetch === "function") {
    return { kind: "fetch", call: (request, env, context) => value.fetch(request, env, context), app: value };
  }
  if (typeof value === "function") {
    if (/^class\b/.test(Function.prototype.toString.call(value))) return undefined;
    if (value.length >= 2 && shared.nodeAnswer && !isWebFunction(value)) return { kind: "node", listener: value };
    return { kind: "fetch", call: value };
  }
  // Koa.
  if (typeof value.callback === "function" && typeof value.use === "function") {
    return { kind: "node", listener: value.callback() };
  }
  // Fastify: its routes are there when its plugins are.
  if (typeof value.ready === "function" && typeof value.routing === "function") {
    return {
      kind: "node",
      listener: async (request, response) => {
        await value.ready();
        value.routing(request, response);
      },
    };
  }
  // `http.createServer(…)`, and what has one.
  if (typeof value.listenerOf === "function") return { kind: "node", listener: value.listenerOf() };
  if (value.server && typeof value.server.listenerOf === "function") {
    return { kind: "node", listener: value.server.listenerOf() };
  }
  if (typeof value.handle === "function") return { kind: "node", listener: (...values) => value.handle(...values) };
  return undefined;
}

/** Express and its like: a function with these methods. */
const isNodeApp = (value) =>
  typeof value === "function" && typeof value.listen === "function" && typeof value.use === "function";

/** `async (request, env) => …`, by the names of its parameters: nothing else tells it from `(req, res) => …`. */
const isWebFunction = (value) =>
  /^[^(]*\(\s*[\w$]+\s*,\s*(?:env|environment|ctx|context|\{)/.test(Function.prototype.toString.call(value));
