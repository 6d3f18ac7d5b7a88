// `Request`, in the same way. One that comes from the host reads from it what somebody asks for.
import { addBody, content, extract, isUsed, split, take, used } from "./body.js";
import { Headers } from "./headers.js";

const METHOD = /^[\w!#$%&'*+\-.^`|~]+$/;
const FORBIDDEN = new Set(["CONNECT", "TRACE", "TRACK"]);
const NORMALIZED = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
/** The key under which a request stores where it comes from: an object with `url`, `headers`, `body()`. */
const source = Symbol("source");
const parts = Symbol("parts");

export class Request {
  constructor(input, init) {
    this[used] = false;
    this[source] = undefined;
    const other = input instanceof Request ? input : undefined;
    const settings = init ?? {};
    const given = { ...other?.[parts] };
    for (const name of SETTINGS) if (settings[name] !== undefined) given[name] = String(settings[name]);
    this[parts] = given;
    this._url = other ? other.url : new URL(String(input?.href ?? input)).href;
    this._method = settings.method === undefined ? (other?.method ?? "GET") : methodOf(settings.method);
    this._headers = new Headers(settings.headers ?? other?.headers);
    this._signal = settings.signal === undefined ? other?._signal : (settings.signal ?? undefined);
    const { body } = settings;
    const bodiless = this._method === "GET" || this._method === "HEAD";
    if (bodiless && body !== undefined && body !== null) {
      throw new TypeError(`a request with method ${this._method} has no body`);
    }
    if (body !== undefined && body !== null) {
      const [stored, type] = extract(body);
      this[content] = stored;
      if (type !== undefined && !this._headers.has("content-type")) this._headers.set("content-type", type);
    } else if (other && body === undefined && !bodiless) {
      // The other request's body is this one's now.
      this[content] = other.body === null ? null : take(other);
    } else {
      this[content] = null;
    }
  }

  get method() {
    return this._method;
  }

  get url() {
    return (this._url ??= this[source].url);
  }

  get headers() {
    return (this._headers ??= this[source].headers());
  }

  get signal() {
    return (this._signal ??= new AbortController().signal);
  }

  get duplex() {
    return "half";
  }

  clone() {
    if (isUsed(this)) throw new TypeError("a request whose body has been read cannot be cloned");
    const clone = new Request(this.url, { headers: this.headers, signal: this._signal });
    // A method that an app cannot ask for may still have arrived.
    clone._method = this.method;
    Object.assign(clone[parts], this[parts]);
    clone[content] = split(this);
    return clone;
  }

  get [Symbol.toStringTag]() {
    return "Request";
  }
}

const DEFAULTS = {
  cache: "default",
  credentials: "same-origin",
  destination: "",
  integrity: "",
  keepalive: false,
  mode: "cors",
  redirect: "follow",
  referrer: "about:client",
  referrerPolicy: "",
};
const SETTINGS = Object.keys(DEFAULTS);

addBody(Request.prototype);
for (const [name, value] of Object.entries(DEFAULTS)) {
  Object.defineProperty(Request.prototype, name, {
    get() {
      return this[parts]?.[name] ?? value;
    },
    enumerable: true,
    configurable: true,
  });
}
for (const name of ["method", "url", "headers", "signal", "duplex", "clone"]) {
  Object.defineProperty(Request.prototype, name, { enumerable: true });
}

function methodOf(given) {
  const method = String(given);
  if (!METHOD.test(method)) throw new TypeError(`${JSON.stringify(method)} is not a method`);
  const upper = method.toUpperCase();
  if (FORBIDDEN.has(upper)) throw new TypeError(`a request cannot have the method ${upper}`);
  return NORMALIZED.has(upper) ? upper : method;
}

/** The target of a request that the host has, as it was sent. Undefined for one that the app has made. */
export const targetOf = (request) => request[source]?.target;

/** A request that the host has. */
export const arrived = (incoming) => new Arrived(incoming);

/** Without the constructor's checks. */
function Arrived(incoming) {
  const { method } = incoming;
  this[source] = incoming;
  this._method = method;
  // In the web's API these have no body.
  this[content] = method === "GET" || method === "HEAD" ? null : incoming.body;
}
Arrived.prototype = Request.prototype;
const unset = { [used]: false, [parts]: undefined, _url: undefined, _headers: undefined, _signal: undefined };
for (const key of Reflect.ownKeys(unset)) {
  Object.defineProperty(Request.prototype, key, { value: unset[key], writable: true, configurable: true });
}
