// Light versions of `Request` and `Response`, for handlers that read only a request's method and return a text, as most
// do. The engine's own objects are created on first use of anything else, because their headers and streams take longer
// than the handler.

const NativeRequest = globalThis.Request;
const NativeResponse = globalThis.Response;
const nativeFetch = globalThis.fetch;

/** The key under which a light object stores the engine's own. */
const native = Symbol("native");

type Light<T> = { readonly [native]: T };

/** The parts of a light request. */
export interface Source {
  readonly method: string;
  /** Called if more than the method is needed. */
  whole(): Request;
}

/** A request whose method is known. */
export class LightRequest {
  // Declared, not defined: defining a field takes the engine time.
  declare private readonly source: Source;
  declare private made?: Request;

  constructor(source: Source) {
    this.source = source;
  }

  get method(): string {
    return this.source.method;
  }

  get [native](): Request {
    return (this.made ??= this.source.whole());
  }
}

/** A field: its name, and its value as bytes. */
export type Header = [string, Uint8Array];

/** The parts of a text response. */
export interface Plain {
  status: number;
  headers: Header[];
  text: string;
}

/** The key under which a text response stores its parts. */
const text = Symbol("text");

/** A response that is a text. */
class LightResponse {
  declare [text]?: Plain;
  declare private made?: Response;

  constructor(plain: Plain) {
    this[text] = plain;
  }

  get status(): number {
    return this[text]?.status ?? this[native].status;
  }

  get [native](): Response {
    const plain = this[text];
    if (plain) {
      const headers = plain.headers.map(([name, value]): [string, string] => [name, String.fromCharCode(...value)]);
      this.made = new NativeResponse(plain.text, { status: plain.status, headers });
      this[text] = undefined;
    }
    return this.made!;
  }
}

/** The parts of a response, if it is a text that was not read or changed since. */
export function plain(response: object): Plain | undefined {
  return (response as LightResponse)[text];
}

/** Adds the other members of the engine's class to a light class. */
function complete(light: object, all: object): void {
  for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(all))) {
    if (Object.hasOwn(light, name)) continue;
    const property = get
      ? { get(this: Light<any>) { return this[native][name]; } }
      : { value(this: Light<any>, ...args: unknown[]) { return this[native][name](...args); } };
    if (get || typeof value === "function") Object.defineProperty(light, name, { ...property, configurable: true });
  }
  // They are instances of the engine's classes.
  Object.setPrototypeOf(light, all);
}

complete(LightRequest.prototype, NativeRequest.prototype);
complete(LightResponse.prototype, NativeResponse.prototype);

/** The engine's own object for a light one. */
function whole<T>(input: T): T {
  return (input as Partial<Light<T>> | null | undefined)?.[native] ?? input;
}

globalThis.Request = new Proxy(NativeRequest, {
  construct: (target, [input, init], asked) => Reflect.construct(target, [whole(input), init], asked),
});

// No proxy, because a proxy would take as long as the rest of a response.
function makeResponse(body?: BodyInit | null, init: ResponseInit = {}): object {
  const own = new.target === makeResponse;
  const { status = 200 } = init;
  if (own && typeof body === "string" && takesText(status) && !init.statusText) {
    const headers = plainHeaders(init.headers);
    if (headers) return new LightResponse({ status, headers, text: body });
  }
  return Reflect.construct(NativeResponse, [body, init], own ? NativeResponse : new.target!);
}
makeResponse.prototype = NativeResponse.prototype;
Object.setPrototypeOf(makeResponse, NativeResponse);
globalThis.Response = makeResponse as unknown as typeof Response;

globalThis.fetch = (input, init) => nativeFetch(whole(input), init);

// Unusual values go to the engine, which refuses some of them.
const BODILESS = new Set([204, 205, 304]);
const NAME = /^[\w-]+$/;
const VALUE = /^[!-~]([ !-~]*[!-~])?$/;

const { getPrototypeOf, prototype: ordinary } = Object;
const encoder = new TextEncoder();
const TYPE = "content-type";
const TEXT: Header = [TYPE, encoder.encode("text/plain;charset=UTF-8")];
/** The header of most responses, by its value. */
const TYPES = new Map(
  ["text/html; charset=UTF-8", "text/plain; charset=UTF-8", "application/json"].map((type) => [type, header(TYPE, type)]),
);

function header(name: string, value: string): Header {
  return [name, encoder.encode(value)];
}

function takesText(status: number): boolean {
  return status === 200 || (Number.isInteger(status) && status > 200 && status < 600 && !BODILESS.has(status));
}

/** The headers that are sent with a text; undefined if the engine has to check them. */
function plainHeaders(given: HeadersInit | undefined): Header[] | undefined {
  if (given === undefined) return [TEXT];
  if (getPrototypeOf(given) !== ordinary) return undefined;
  const fields = given as Record<string, string>;
  const headers: Header[] = [];
  let type: Header | undefined;
  for (const name in fields) {
    const value = fields[name];
    if (name === "Content-Type" && (type = TYPES.get(value))) {
      headers.push(type);
      continue;
    }
    if (!NAME.test(name) || !VALUE.test(value)) return undefined;
    const field = header(name.toLowerCase(), value);
    if (field[0] === TYPE) type = field;
    headers.push(field);
  }
  if (!type) headers.push(TEXT);
  return headers;
}
