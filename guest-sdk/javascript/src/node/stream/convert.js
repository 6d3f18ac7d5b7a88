// `Readable.toWeb` and `Readable.fromWeb`: https://nodejs.org/api/stream.html#streamreadabletowebstreamreadable-options

/** The stream of the web that gives what a stream of Node.js gives. Cancelling it destroys the other one. */
exports.toWeb = function toWeb(readable) {
  const values = readable[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const { value, done } = await values.next();
        if (done) controller.close();
        else controller.enqueue(typeof value === "object" && ArrayBuffer.isView(value) ? new Uint8Array(value) : value);
      },
      cancel(reason) {
        readable.destroy(reason instanceof Error ? reason : undefined);
      },
    },
    { highWaterMark: 0 },
  );
};

/** The stream of Node.js that gives what a stream of the web gives. Destroying it cancels the other one. */
exports.fromWeb = function fromWeb(Readable, source, options) {
  const reader = source.getReader();
  return new Readable({
    ...options,
    async read() {
      try {
        const { value, done } = await reader.read();
        this.push(done ? null : value);
      } catch (error) {
        this.destroy(error);
      }
    },
    destroy(error, done) {
      reader.cancel(error ?? undefined).then(
        () => done(error),
        () => done(error),
      );
    },
  });
};
