// `Headers`, without a call of the engine's own: most apps make several of them for each request.

const NAME = /^[\w!#$%&'*+\-.^`|~]+$/;
// Most values need no check of their own.
const PLAIN_VALUE = /^[!-~]([ !-~]*[!-~])?$/;
const AROUND = /^[\t\n\r ]+|[\t\n\r ]+$/g;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The key under which headers store their values: a text, or several in an array. */
export const fields = Symbol("fields");

function nameOf(given) {
  const name = String(given);
  if (!NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} is not a name of a header`);
  return name.toLowerCase();
}

function valueOf(given) {
  const value = String(given);
  if (PLAIN_VALUE.test(value)) return value;
  const trimmed = value.replace(AROUND, "");
  if (!VALUE.test(trimmed)) throw new TypeError(`${JSON.stringify(trimmed)} is not a value of a header`);
  return trimmed;
}

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

const { getOwnPropertySymbols, getPrototypeOf, keys, prototype: ordinary } = Object;

/**
 * What most responses are made with, a plain object with one value a name, as one array: name, value, name, value. It
 * takes a fraction of the time of `Headers`. Undefined for anything else.
 * @returns {string[] | undefined}
 */
export function fieldsOf(init) {
  if (typeof init !== "object" || getPrototypeOf(init) !== ordinary) return undefined;
  if (init[Symbol.iterator] !== undefined || getOwnPropertySymbols(init).length > 0) return undefined;
  const names = keys(init);
  const list = [];
  for (let at = 0; at < names.length; at += 1) {
    const name = nameOf(names[at]);
    if (hasField(list, name)) return undefined;
    list.push(name, valueOf(init[names[at]]));
  }
  return list;
}

/** @param {string[]} list  from `fieldsOf` */
export function hasField(list, name) {
  for (let at = 0; at < list.length; at += 2) if (list[at] === name) return true;
  return false;
}

/** @param {string[]} list  from `fieldsOf` */
export function headersFrom(list) {
  const headers = new Headers();
  for (let at = 0; at < list.length; at += 2) headers[fields].set(list[at], list[at + 1]);
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
