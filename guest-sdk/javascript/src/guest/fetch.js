// `fetch`, which follows redirects and is waited for.
import { content, extract, take } from "../web/body.js";
import { Request } from "../web/request.js";
import { received } from "../web/response.js";
import { isBuilding } from "./phase.js";
import { beginCall, endCall } from "./work.js";

const nativeFetch = globalThis.fetch;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MOST_REDIRECTS = 20;

export async function fetch(input, init) {
  if (isBuilding()) {
    throw new TypeError('fetch cannot be called while the component is made: call it in the handler or in onStart');
  }
  const request = new Request(input, init);
  request.signal.throwIfAborted();
  beginCall();
  try {
    return await follow(request);
  } finally {
    endCall();
  }
}

async function follow(request) {
  let { url, method } = request;
  let body = request[content] === null ? null : take(request);
  const headers = request.headers;
  for (let redirects = 0; ; redirects += 1) {
    if (body !== null && !(body instanceof ReadableStream) && typeof body.all === "function") body = body.all();
    const settings = { method, headers: [...headers], signal: request._signal };
    if (body !== null) settings.body = body;
    if (body instanceof ReadableStream) settings.duplex = "half";
    const native = await send(url, settings, request);
    const location = REDIRECTS.has(native.status) ? native.headers.get("location") : null;
    if (location === null || request.redirect === "manual") {
      return held(received(native, { url: url.replace(/#.*/, ""), redirected: redirects > 0 }), request._signal);
    }
    if (request.redirect === "error") throw new TypeError(`${url} redirects, and the request forbids it`);
    if (redirects >= MOST_REDIRECTS) throw new TypeError(`${request.url} redirects more than ${MOST_REDIRECTS} times`);
    const next = new URL(location, url);
    if (new URL(url).origin !== next.origin) {
      for (const name of ["authorization", "cookie", "host", "proxy-authorization"]) headers.delete(name);
    }
    url = next.href;
    const isPost = method === "POST" && (native.status === 301 || native.status === 302);
    if (isPost || (native.status === 303 && method !== "GET" && method !== "HEAD")) {
      method = "GET";
      body = null;
      for (const name of ["content-type", "content-length", "content-encoding", "content-language"]) {
        headers.delete(name);
      }
    } else if (body instanceof ReadableStream) {
      throw new TypeError(`${request.url} redirects, and a body that is a stream cannot be sent twice`);
    }
  }
}

async function send(url, settings, request) {
  const { _signal: signal } = request;
  if (!signal) return failing(url, nativeFetch(url, settings));
  delete settings.signal;
  let stop;
  const aborted = new Promise((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([failing(url, nativeFetch(url, settings)), aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function failing(url, promise) {
  try {
    return await promise;
  } catch (error) {
    const { origin } = new URL(url);
    // Libraries know the failure of the network by this message.
    const text = `the request to ${origin} failed: is it in network.allow, and does it answer? The log says why`;
    throw new TypeError("fetch failed", { cause: new Error(text, { cause: error }) });
  }
}

/** The body of the answer is waited for as long as somebody reads it, and the signal ends it. */
function held(response, signal) {
  const stream = response[content];
  if (stream === null || !(stream instanceof ReadableStream)) return response;
  const reader = stream.getReader();
  let controller;
  const stop = () => {
    end();
    controller.error(signal.reason);
    reader.cancel(signal.reason).catch(() => {});
  };
  const end = () => signal?.removeEventListener("abort", stop);
  response[content] = new ReadableStream(
    {
      start(given) {
        controller = given;
        signal?.addEventListener("abort", stop);
      },
      async pull() {
        beginCall();
        try {
          const { value, done } = await reader.read();
          if (signal?.aborted) return;
          if (done) {
            end();
            controller.close();
          } else {
            controller.enqueue(value);
          }
        } catch (error) {
          end();
          if (!signal?.aborted) controller.error(new TypeError("terminated", { cause: error }));
        } finally {
          endCall();
        }
      },
      cancel(reason) {
        end();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return response;
}

export { extract };
