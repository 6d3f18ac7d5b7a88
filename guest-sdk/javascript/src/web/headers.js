// `Headers`, without a call of the engine's own: most apps make several of them for each request.

import { fieldOf, nameOf, valueOf } from "./field.js";

/** The key under which headers store their values: a text, or several in an array. */
export const fields = Symbol("fields");

export class Headers {
  constructor(init) {
    this[fields] = new Map();
    if (init !== undefined) fill(this, init);
  }

  append(name, value) {
    const key = nameOf(name);
    add(this[fields], key, valueOf(value));
  }

  set(name, value) {
    this[fields].set(nameOf(name), valueOf(value));
  }

  get(name) {
    const value = this[fields].get(nameOf(name));
    if (value === undefined) return null;
    return typeof value === "string" ? value : value.join(", ");
  }

  has(name) {
    return this[fields].has(nameOf(name));
  }

  delete(name) {
    this[fields].delete(nameOf(name));
  }

  getSetCookie() {
    const value = this[fields].get("set-cookie");
    if (value === undefined) return [];
    return typeof value === "string" ? [value] : [...value];
  }

  forEach(action, self) {
    for (const [name, value] of this) action.call(self, value, name, this);
  }

  *entries() {
    // By name, as the standard says. What is added meanwhile is not seen.
    for (const name of [...this[fields].keys()].sort()) {
      const value = this[fields].get(name);
      if (value === undefined) continue;
      if (typeof value === "string") yield [name, value];
      else if (name === "set-cookie") for (const one of [...value]) yield [name, one];
      else yield [name, value.join(", ")];
    }
  }

  *keys() {
    for (const [name] of this.entries()) yield name;
  }

  *values() {
    for (const [, value] of this.entries()) yield value;
  }

  get [Symbol.toStringTag]() {
    return "Headers";
  }
}

Object.defineProperty(Headers.prototype, Symbol.iterator, {
  value: Headers.prototype.entries,
  writable: true,
  configurable: true,
});
for (const name of Object.getOwnPropertyNames(Headers.prototype)) {
  if (name === "constructor") continue;
  const found = Object.getOwnPropertyDescriptor(Headers.prototype, name);
  Object.defineProperty(Headers.prototype, name, { ...found, enumerable: true });
}

function add(map, key, value) {
  const before = map.get(key);
  if (before === undefined) map.set(key, value);
  else if (typeof before === "string") map.set(key, [before, value]);
  else before.push(value);
}

function fill(headers, init) {
  if (init === null || (typeof init !== "object" && typeof init !== "function")) {
    throw new TypeError("headers are made of an object, of pairs, or of other headers");
  }
  if (init instanceof Headers && init[Symbol.iterator] === Headers.prototype[Symbol.iterator]) {
    for (const [name, value] of init[fields]) {
      headers[fields].set(name, typeof value === "string" ? value : [...value]);
    }
    return;
  }
  const iterate = init[Symbol.iterator];
  if (iterate === undefined || iterate === null) {
    for (const name of Reflect.ownKeys(init)) {
      if (Object.getOwnPropertyDescriptor(init, name)?.enumerable) headers.append(name, init[name]);
    }
    return;
  }
  for (const pair of init) {
    const [name, value, ...others] = pair;
    if (others.length > 0 || value === undefined) throw new TypeError("a header is a pair of a name and a value");
    headers.append(name, value);
  }
}

const { getPrototypeOf, keys, prototype: ordinary } = Object;

/**
 * What most responses are made with, a plain object, as a list of fields. It takes a fraction of the time of `Headers`.
 * Undefined for anything else, and if two names are the same.
 * @returns {import("./field.js").Field[] | undefined}
 */
export function fieldsOf(init) {
  if (getPrototypeOf(init) !== ordinary || init[Symbol.iterator] !== undefined) return undefined;
  const names = keys(init);
  const list = [];
  for (let at = 0; at < names.length; at += 1) {
    const field = fieldOf(names[at], init[names[at]]);
    if (at > 0 && hasField(list, field.name)) return undefined;
    list.push(field);
  }
  return list;
}

/** @param {import("./field.js").Field[]} list */
export function hasField(list, name) {
  for (let at = 0; at < list.length; at += 1) if (list[at].name === name) return true;
  return false;
}

/** @param {import("./field.js").Field[]} list  with different names */
export function headersFrom(list) {
  const headers = new Headers();
  for (const { name, value } of list) headers[fields].set(name, value);
  return headers;
}

/** Headers of fields that the host has checked. */
export function headersOf(entries, text) {
  const headers = new Headers();
  const map = headers[fields];
  for (const [name, value] of entries) add(map, name.toLowerCase(), text(value));
  const cookie = map.get("cookie");
  // Several fields of this name are one list, and its separator is not a comma.
  if (Array.isArray(cookie)) map.set("cookie", cookie.join("; "));
  return headers;
}
