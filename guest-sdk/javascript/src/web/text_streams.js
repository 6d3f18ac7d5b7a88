// `TextEncoderStream` and `TextDecoderStream`, which the engine lacks.
import { encoder } from "./bytes.js";

export class TextEncoderStream {
  constructor() {
    // The first half of a character that takes two units, until the second half arrives.
    let half = "";
    const { readable, writable } = new TransformStream({
      transform(chunk, controller) {
        let text = half + String(chunk);
        half = /[\ud800-\udbff]$/.test(text) ? text.slice(-1) : "";
        text = half ? text.slice(0, -1) : text;
        if (text) controller.enqueue(encoder.encode(text));
      },
      flush(controller) {
        if (half) controller.enqueue(encoder.encode(half));
      },
    });
    this._readable = readable;
    this._writable = writable;
  }

  get encoding() {
    return "utf-8";
  }

  get readable() {
    return this._readable;
  }

  get writable() {
    return this._writable;
  }

  get [Symbol.toStringTag]() {
    return "TextEncoderStream";
  }
}

export class TextDecoderStream {
  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    const decoder = new TextDecoder(label, { fatal, ignoreBOM });
    this._decoder = decoder;
    const { readable, writable } = new TransformStream({
      transform(chunk, controller) {
        const text = decoder.decode(chunk, { stream: true });
        if (text) controller.enqueue(text);
      },
      flush(controller) {
        const text = decoder.decode();
        if (text) controller.enqueue(text);
      },
    });
    this._readable = readable;
    this._writable = writable;
  }

  get encoding() {
    return this._decoder.encoding;
  }

  get fatal() {
    return this._decoder.fatal;
  }

  get ignoreBOM() {
    return this._decoder.ignoreBOM;
  }

  get readable() {
    return this._readable;
  }

  get writable() {
    return this._writable;
  }

  get [Symbol.toStringTag]() {
    return "TextDecoderStream";
  }
}
