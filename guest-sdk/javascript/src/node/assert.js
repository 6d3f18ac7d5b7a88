const { isDeepStrictEqual, inspect } = require("./util.js");

class AssertionError extends Error {
  constructor({ message, actual, expected, operator }) {
    super(message ?? `${inspect(actual)} ${operator} ${inspect(expected)}`);
    this.name = "AssertionError";
    this.code = "ERR_ASSERTION";
    Object.assign(this, { actual, expected, operator, generatedMessage: message === undefined });
  }
}

function check(holds, message, actual, expected, operator) {
  if (holds) return;
  if (message instanceof Error) throw message;
  throw new AssertionError({ message, actual, expected, operator });
}

const assert = (value, message) => check(value, message, value, true, "==");
assert.ok = assert;
assert.equal = (a, b, message) => check(a == b || (a !== a && b !== b), message, a, b, "==");
assert.notEqual = (a, b, message) => check(a != b, message, a, b, "!=");
assert.strictEqual = (a, b, message) => check(Object.is(a, b), message, a, b, "strictEqual");
assert.notStrictEqual = (a, b, message) => check(!Object.is(a, b), message, a, b, "notStrictEqual");
assert.deepStrictEqual = (a, b, message) => check(isDeepStrictEqual(a, b), message, a, b, "deepStrictEqual");
assert.deepEqual = assert.deepStrictEqual;
assert.notDeepStrictEqual = (a, b, message) => check(!isDeepStrictEqual(a, b), message, a, b, "notDeepStrictEqual");
assert.notDeepEqual = assert.notDeepStrictEqual;
assert.match = (text, pattern, message) => check(pattern.test(text), message, text, pattern, "match");
assert.fail = (message = "Failed") => check(false, message);
assert.ifError = (error) => {
  if (error !== null && error !== undefined) throw error;
};
assert.throws = (action, ...others) => {
  try {
    action();
  } catch {
    return;
  }
  check(false, others.find((one) => typeof one === "string") ?? "Missing expected exception.");
};
assert.rejects = async (promised, ...others) => {
  try {
    await (typeof promised === "function" ? promised() : promised);
  } catch {
    return;
  }
  check(false, others.find((one) => typeof one === "string") ?? "Missing expected rejection.");
};
assert.AssertionError = AssertionError;
assert.strict = assert;
module.exports = assert;
