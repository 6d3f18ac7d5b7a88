// `Request` and `Response` as most handlers use them, who ask for a request's method and give a text: the engine's own are
// made once somebody asks for more, as their headers and streams take longer than the handler.

const NativeRequest = globalThis.Request;
const NativeResponse = globalThis.Response;
const nativeFetch = globalThis.fetch;

/** Under this name a light object has the engine's own. */
const native = Symbol("native");

type Light<T> = { readonly [native]: T };

/** A request whose method is known. `make` is called where that does not suffice. */
export class LightRequest {
  #made?: Request;

  constructor(
    readonly method: string,
    private readonly make: () => Request,
  ) {}

  get [native](): Request {
    return (this.#made ??= this.make());
  }
}

/** What a text is sent with. */
export interface Plain {
  status: number;
  headers: Record<string, string>;
  text: string;
}

/** A response that is a text. */
class LightResponse {
  #made?: Response;

  constructor(private readonly plain: Plain) {}

  get [native](): Response {
    return (this.#made ??= new NativeResponse(this.plain.text, this.plain));
  }

  get status(): number {
    return this.plain.status;
  }

  static plain(response: object): Plain | undefined {
    return #made in response && !response.#made ? response.plain : undefined;
  }
}

/** What a response was made of, if it is a text that nobody has read or changed since. */
export const plain = LightResponse.plain;

/** Gives a light class all else that the engine's has. */
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

/** The engine's own, in place of a light one. */
function whole<T>(input: T): T {
  return (input as Partial<Light<T>> | null | undefined)?.[native] ?? input;
}

globalThis.Request = new Proxy(NativeRequest, {
  construct: (target, [input, init], asked) => Reflect.construct(target, [whole(input), init], asked),
});

// No proxy, which would take as long as all else about a response.
function makeResponse(body?: BodyInit | null, init: ResponseInit = {}): object {
  const own = new.target === makeResponse;
  const { status = 200, statusText, headers } = init;
  if (own && typeof body === "string" && takesText(status) && !statusText && arePlain(headers)) {
    return new LightResponse({ status, headers: headers ?? {}, text: body });
  }
  return Reflect.construct(NativeResponse, [body, init], own ? NativeResponse : new.target!);
}
makeResponse.prototype = NativeResponse.prototype;
Object.setPrototypeOf(makeResponse, NativeResponse);
globalThis.Response = makeResponse as unknown as typeof Response;

globalThis.fetch = (input, init) => nativeFetch(whole(input), init);

// What is not as usual, the engine looks at: it refuses some of it.
const BODILESS = new Set([204, 205, 304]);
const USUAL = new Set(["Content-Type", "text/html; charset=UTF-8", "text/plain; charset=UTF-8", "application/json"]);
const NAME = /^[\w-]+$/;
const VALUE = /^[!-~]([ !-~]*[!-~])?$/;

function takesText(status: number): boolean {
  return status === 200 || (Number.isInteger(status) && status > 200 && status < 600 && !BODILESS.has(status));
}

function arePlain(headers: HeadersInit | undefined): headers is Record<string, string> | undefined {
  if (headers === undefined) return true;
  if (Object.getPrototypeOf(headers) !== Object.prototype) return false;
  const fields = headers as Record<string, string>;
  for (const name in fields) {
    if (!(USUAL.has(name) || NAME.test(name))) return false;
    if (!(USUAL.has(fields[name]) || VALUE.test(fields[name]))) return false;
  }
  return true;
}
