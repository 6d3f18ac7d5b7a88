// What the fake interfaces share: the variables that the host grants, and what happened, in its order.
export const host = {
  /** @type {[string, string][]} */
  variables: [],
  /** @type {string[]} */
  events: [],
};

/** What a call of the host throws that returns an error. */
export class HostError extends Error {
  constructor(payload) {
    super(`the host answered with the error ${JSON.stringify(payload)}`);
    this.payload = payload;
  }
}

/** A resource of the host. It cannot be used after its end, nor end before those that were made of it. */
export class Resource {
  #parent;
  #children = 0;
  #ended = false;

  constructor(parent) {
    this.#parent = parent;
    if (parent) parent.#children += 1;
  }

  use() {
    if (this.#ended) throw new Error(`${this.constructor.name} is used after its end`);
  }

  [Symbol.dispose]() {
    this.use();
    if (this.#children > 0) throw new Error(`${this.constructor.name} has children, and cannot end before them`);
    this.#ended = true;
    if (this.#parent) this.#parent.#children -= 1;
  }
}
