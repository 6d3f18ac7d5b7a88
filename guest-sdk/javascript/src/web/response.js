// `Response`, without a call of the engine's own: its headers and streams take longer than most handlers.
import { addBody, content, extract, isUsed, split, used } from "./body.js";
import { fieldOf } from "./field.js";
import { fields, fieldsOf, hasField, Headers, headersFrom } from "./headers.js";

const BODILESS = new Set([101, 103, 204, 205, 304]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;
/** The key under which a response stores its headers: `Headers`, or a list of fields until somebody asks for more. */
export const headers = Symbol("headers");

export class Response {
  constructor(body, init) {
    this[used] = false;
    this._status = 200;
    this._reason = "";
    this[headers] = undefined;
    let given;
    if (init !== undefined && init !== null) {
      const { status, statusText } = init;
      given = init.headers;
      if (status !== undefined) this._status = statusOf(status);
      if (statusText !== undefined) this._reason = reasonOf(statusText);
    }
    if (given !== undefined && given !== null) this[headers] = fieldsOf(given) ?? new Headers(given);
    if (body === undefined || body === null) {
      this[content] = null;
      return;
    }
    if (BODILESS.has(this._status)) throw new TypeError(`a response with status ${this._status} has no body`);
    if (typeof body === "string") {
      this[content] = body;
      addType(this, "text/plain;charset=UTF-8");
      return;
    }
    const [stored, type] = extract(body);
    this[content] = stored;
    if (type !== undefined) addType(this, type);
  }

  get status() {
    return this._status;
  }

  get ok() {
    return this._status >= 200 && this._status < 300;
  }

  get statusText() {
    return this._reason;
  }

  get headers() {
    const stored = this[headers];
    if (stored instanceof Headers) return stored;
    return (this[headers] = headersFrom(stored ?? []));
  }

  get type() {
    return this._type ?? "default";
  }

  get url() {
    return this._url ?? "";
  }

  get redirected() {
    return this._redirected ?? false;
  }

  clone() {
    if (isUsed(this)) throw new TypeError("a response whose body has been read cannot be cloned");
    const clone = new Response(null, { status: 200, statusText: this._reason, headers: this.headers });
    clone._status = this._status;
    clone[content] = split(this);
    if (this._url !== undefined) Object.assign(clone, about(this));
    return clone;
  }

  get [Symbol.toStringTag]() {
    return "Response";
  }

  static json(value, init = {}) {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError("this value cannot be written as JSON");
    const response = new Response(text, init);
    const given = init?.headers === undefined ? undefined : new Headers(init.headers).get("content-type");
    response.headers.set("content-type", given ?? "application/json");
    return response;
  }

  static redirect(url, status = 302) {
    if (!REDIRECTS.has(Number(status))) throw new RangeError(`${status} is not a status of a redirect`);
    return new Response(null, { status, headers: { location: new URL(String(url)).href } });
  }

  static error() {
    const response = new Response(null);
    response._status = 0;
    response._type = "error";
    return response;
  }
}

addBody(Response.prototype);
for (const name of ["status", "ok", "statusText", "headers", "type", "url", "redirected", "clone"]) {
  Object.defineProperty(Response.prototype, name, { enumerable: true });
}

const about = ({ _url, _redirected, _type }) => ({ _url, _redirected, _type });

/** A response of the engine's `fetch` as one of ours. */
export function received(native, { url, redirected }) {
  const response = new Response(null, { headers: [...native.headers] });
  response._status = native.status;
  response._reason = native.statusText;
  response[content] = native.body;
  return Object.assign(response, { _url: url, _redirected: redirected, _type: "basic" });
}

function statusOf(given) {
  const status = Math.trunc(Number(given));
  if (status >= 200 && status <= 599) return status;
  throw new RangeError(`the status of a response is a number from 200 to 599, and ${String(given)} is not`);
}

function reasonOf(given) {
  const reason = String(given);
  if (!REASON.test(reason)) throw new TypeError(`${JSON.stringify(reason)} is not a status text`);
  return reason;
}

function addType(response, type) {
  const stored = response[headers];
  if (stored === undefined) {
    response[headers] = [fieldOf("content-type", type)];
  } else if (Array.isArray(stored)) {
    if (!hasField(stored, "content-type")) stored.push(fieldOf("content-type", type));
  } else if (!stored[fields].has("content-type")) {
    stored[fields].set("content-type", type);
  }
}
