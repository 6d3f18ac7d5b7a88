const names = ["ReadableStream", "ReadableStreamDefaultReader", "ReadableStreamBYOBReader", "WritableStream"];
const others = ["TransformStream", "ByteLengthQueuingStrategy", "CountQueuingStrategy", "CompressionStream"];
for (const name of [...names, ...others, "DecompressionStream"]) exports[name] = globalThis[name];
