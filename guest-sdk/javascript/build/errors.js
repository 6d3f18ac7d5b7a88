// What the user has done or has to do, as one sentence.

export class BuildError extends Error {
  /** @param {string} message @param {string} [details] lines that are shown before the sentence */
  constructor(message, details) {
    super(message);
    this.details = details;
  }
}
