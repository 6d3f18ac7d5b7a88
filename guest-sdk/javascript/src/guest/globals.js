// Global names of Node.js and the web that the engine lacks or has wrong.
import "../web/abort.js";
import { Headers } from "../web/headers.js";
import { MessageChannel, MessageEvent, MessagePort } from "../web/messages.js";
import { Request } from "../web/request.js";
import { Response } from "../web/response.js";
import { TextDecoderStream, TextEncoderStream } from "../web/text_streams.js";
import { fetch } from "./fetch.js";
import { log } from "./log.js";
import { process } from "./process.js";

const define = (owner, name, value) =>
  Object.defineProperty(owner, name, { value, writable: true, configurable: true, enumerable: false });

for (const [name, value] of Object.entries({ Headers, Request, Response, fetch, process, global: globalThis })) {
  define(globalThis, name, value);
}

const missing = {
  navigator: { userAgent: "Node.js/20", language: "en-US", languages: ["en-US"], hardwareConcurrency: 1 },
  reportError: (error) => log.failure(error, "reported work"),
  MessageChannel,
  MessageEvent,
  MessagePort,
  TextDecoderStream,
  TextEncoderStream,
};
for (const [name, value] of Object.entries(missing)) if (!(name in globalThis)) define(globalThis, name, value);

const timeline = { mark: measured, measure: measured, clearMarks() {}, clearMeasures() {}, getEntries: () => [] };
Object.assign(timeline, { getEntriesByName: () => [], getEntriesByType: () => [] });
for (const [name, value] of Object.entries(timeline)) {
  if (!(name in performance)) define(performance, name, value);
}

/** There is nobody who looks at a timeline. */
function measured(name) {
  return { name: String(name), entryType: "mark", startTime: performance.now(), duration: 0, detail: null };
}

if (!("canParse" in URL)) {
  define(URL, "canParse", (url, base) => {
    try {
      return Boolean(new URL(url, base));
    } catch {
      return false;
    }
  });
}
if (!("parse" in URL)) {
  define(URL, "parse", (url, base) => (URL.canParse(url, base) ? new URL(url, base) : null));
}

if (!ReadableStream.from) {
  define(ReadableStream, "from", (iterable) => {
    const iterator = iterable[Symbol.asyncIterator]?.() ?? iterable[Symbol.iterator]();
    return new ReadableStream(
      {
        async pull(controller) {
          const { value, done } = await iterator.next();
          if (done) controller.close();
          else controller.enqueue(await value);
        },
        async cancel(reason) {
          await iterator.return?.(reason);
        },
      },
      { highWaterMark: 0 },
    );
  });
}

if (!ReadableStream.prototype[Symbol.asyncIterator]) {
  async function* values({ preventCancel = false } = {}) {
    const reader = this.getReader();
    let isOpen = true;
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
      isOpen = false;
    } finally {
      if (isOpen && !preventCancel) await reader.cancel();
      reader.releaseLock();
    }
  }
  define(ReadableStream.prototype, "values", values);
  define(ReadableStream.prototype, Symbol.asyncIterator, values);
}

if (!Blob.prototype.bytes) {
  define(Blob.prototype, "bytes", async function bytes() {
    return new Uint8Array(await this.arrayBuffer());
  });
}
