const { format, inspect, custom } = require("../guest/format.js");

const promisified = Symbol.for("nodejs.util.promisify.custom");
const show = Object.assign((value, settings) => inspect(value, settings ?? {}), { custom, defaultOptions: {} });

function promisify(action) {
  if (typeof action !== "function") throw new TypeError("promisify takes a function");
  if (action[promisified]) return action[promisified];
  return function promised(...values) {
    return new Promise((resolve, reject) => {
      action.call(this, ...values, (error, value) => (error ? reject(error) : resolve(value)));
    });
  };
}
promisify.custom = promisified;

const callbackify = (action) =>
  function called(...values) {
    const done = values.pop();
    action.apply(this, values).then(
      (value) => queueMicrotask(() => done(null, value)),
      (error) => queueMicrotask(() => done(error)),
    );
  };

function inherits(child, parent) {
  Object.defineProperty(child, "super_", { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(child.prototype, parent.prototype);
}

/** Says it once. */
function deprecate(action, message) {
  let said = false;
  return function deprecated(...values) {
    if (!said) process.emitWarning(message, "DeprecationWarning");
    said = true;
    return new.target ? Reflect.construct(action, values, new.target) : action.apply(this, values);
  };
}

const tag = (value) => Object.prototype.toString.call(value).slice(8, -1);
const isTyped = (name) => (value) => ArrayBuffer.isView(value) && tag(value) === name;
const types = {
  isAnyArrayBuffer: (value) => value instanceof ArrayBuffer,
  isArrayBuffer: (value) => value instanceof ArrayBuffer,
  isArrayBufferView: (value) => ArrayBuffer.isView(value),
  isAsyncFunction: (value) => typeof value === "function" && tag(value) === "AsyncFunction",
  isBoxedPrimitive: (value) => typeof value === "object" && /^(Number|String|Boolean|Symbol|BigInt)$/.test(tag(value)),
  isDataView: (value) => value instanceof DataView,
  isDate: (value) => tag(value) === "Date",
  isExternal: () => false,
  isGeneratorFunction: (value) => typeof value === "function" && /GeneratorFunction$/.test(tag(value)),
  isGeneratorObject: (value) => tag(value) === "Generator",
  isMap: (value) => value instanceof Map,
  isModuleNamespaceObject: (value) => tag(value) === "Module",
  isNativeError: (value) => value instanceof Error,
  isPromise: (value) => value instanceof Promise,
  isProxy: () => false,
  isRegExp: (value) => tag(value) === "RegExp",
  isSet: (value) => value instanceof Set,
  isSharedArrayBuffer: () => false,
  isTypedArray: (value) => ArrayBuffer.isView(value) && !(value instanceof DataView),
  isUint8Array: (value) => value instanceof Uint8Array,
  isWeakMap: (value) => value instanceof WeakMap,
  isWeakSet: (value) => value instanceof WeakSet,
};
for (const name of ["Int8Array", "Int16Array", "Int32Array", "Uint16Array", "Uint32Array", "Float32Array"]) {
  types[`is${name}`] = isTyped(name);
}

function isDeepStrictEqual(first, second) {
  if (Object.is(first, second)) return true;
  if (typeof first !== "object" || typeof second !== "object" || first === null || second === null) return false;
  if (Object.getPrototypeOf(first) !== Object.getPrototypeOf(second)) return false;
  if (first instanceof Date || first instanceof RegExp) return String(first) === String(second) && +first === +second;
  if (first instanceof Map || first instanceof Set) {
    return first.size === second.size && isDeepStrictEqual([...first], [...second]);
  }
  const keys = Reflect.ownKeys(first);
  if (keys.length !== Reflect.ownKeys(second).length) return false;
  return keys.every((key) => Object.hasOwn(second, key) && isDeepStrictEqual(first[key], second[key]));
}

/** Programs that set it see their messages, as elsewhere. */
function debuglog(section) {
  const log = (...values) => {
    if (log.enabled) console.error(`${section.toUpperCase()}: ${format(values)}`);
  };
  log.enabled = false;
  return log;
}

module.exports = {
  format: (...values) => format(values),
  formatWithOptions: (_, ...values) => format(values),
  inspect: show,
  promisify,
  callbackify,
  inherits,
  deprecate,
  types,
  isDeepStrictEqual,
  debuglog,
  debug: debuglog,
  TextEncoder,
  TextDecoder,
  isArray: Array.isArray,
  isError: (value) => value instanceof Error,
  isBuffer: (value) => value instanceof Uint8Array && value._isBuffer === true,
  isString: (value) => typeof value === "string",
  isFunction: (value) => typeof value === "function",
  isObject: (value) => typeof value === "object" && value !== null,
  toUSVString: (value) => String(value).toWellFormed(),
  // eslint-disable-next-line no-control-regex
  stripVTControlCharacters: (text) => text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, ""),
  styleText: (_, text) => text,
  getSystemErrorName: (number) => `E${number}`,
  aborted: (signal) => new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true })),
};
