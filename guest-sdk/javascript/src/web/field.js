// A field of a response's headers. Most responses of an app have the same few, which are checked once.

const NAME = /^[\w!#$%&'*+\-.^`|~]+$/;
// Most values need no check of their own.
const PLAIN_VALUE = /^[!-~]([ !-~]*[!-~])?$/;
const AROUND = /^[\t\n\r ]+|[\t\n\r ]+$/g;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export function nameOf(given) {
  const name = String(given);
  if (!NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} is not a name of a header`);
  return name.toLowerCase();
}

export function valueOf(given) {
  const value = String(given);
  if (PLAIN_VALUE.test(value)) return value;
  const trimmed = value.replace(AROUND, "");
  if (!VALUE.test(trimmed)) throw new TypeError(`${JSON.stringify(trimmed)} is not a value of a header`);
  return trimmed;
}

export class Field {
  constructor(name, value) {
    this.name = name;
    this.value = value;
    /** Whether it is one of those that are kept. */
    this.isKept = false;
    /** What the host takes, once it was sent. */
    this.pair = undefined;
  }
}

/** Fields by their names and values as they were given. @type {Map<string, Map<string, Field>>} */
const kept = new Map();
let count = 0;
const MOST_KEPT = 200;
const LONGEST_KEPT = 100;

/** A field. Throws a TypeError if its name or value is none. @returns {Field} */
export function fieldOf(name, value) {
  const found = kept.get(name)?.get(value);
  if (found !== undefined) return found;
  const field = new Field(nameOf(name), valueOf(value));
  if (typeof value === "string" && value.length <= LONGEST_KEPT) keep(name, value, field);
  return field;
}

function keep(name, value, field) {
  if (count >= MOST_KEPT) {
    kept.clear();
    count = 0;
  }
  count += 1;
  field.isKept = true;
  const values = kept.get(name);
  if (values) values.set(value, field);
  else kept.set(name, new Map([[value, field]]));
}
