// Waits for sockets. The engine's loop waits for its own timers and requests, and knows nothing of other pollables of
// the host. So a timer of the engine asks the host, again and again while a request has something to wait for. If
// the app waits for sockets and timers alone, the question itself lasts, until one of them is ready; after each the
// engine has a turn.
import { callsUnderWay, msToNextTimer, nativeTimers } from "./work.js";

const { setTimeout } = nativeTimers;
/** See promises.js. */
const promises = globalThis[Symbol.for("funcserver.promises")];

/**
 * How long one question may last, in milliseconds, by how many turns nothing has happened in. The engine may have work
 * that nobody here knows of, such as a digest: it gets a turn at once, and is late by a little after that.
 */
const PATIENCE = [0, 1, 2, 5, 10];
/** How often the host is asked while a request by `fetch` is under way, whose end only the engine learns of. */
const BESIDE_CALLS = 1;
const BESIDE_CALLS_IDLE = 10;
const NANOSECONDS = 1e6;
/** A server that sends without end must not keep a request from beginning. */
const MOST_LOOKS = 16;
/** How long a request waits after its answer for a server that says nothing, in milliseconds. */
const LONGEST_SILENCE = 2000;

/** @typedef {{ pollable: object, action: () => void }} Watch */

export class Waiting {
  constructor({ poll, subscribeDuration }) {
    this._poll = poll;
    this._subscribeDuration = subscribeDuration;
    /** @type {Watch[]} */
    this._watches = [];
    this._isScheduled = false;
    this._quiet = 0;
    this._followed = 0;
    /** Reasons to wait: answers that are not there yet, and connections that are asked something. */
    this._reasons = 0;
    /** Connections that may have something to say. */
    this.open = 0;
    /** Connections that were asked something, with the time of it. @type {Map<import("./connection.js").Connection, number>} */
    this._asked = new Map();
    this._onAnswer = [];
  }

  ask(connection) {
    this._asked.set(connection, performance.now());
    this.begin();
  }

  answered(connection) {
    this._asked.delete(connection);
    this.end();
    for (const action of this._onAnswer.splice(0)) action();
  }

  get isAsking() {
    return this._asked.size > 0;
  }

  /** When one of the connections that are asked something has answered, or has ended. */
  nextAnswer() {
    return new Promise((resolve) => this._onAnswer.push(resolve));
  }

  /** Calls `action` once, when the pollable is ready. @returns {Watch} */
  watch(pollable, action) {
    const watch = { pollable, action: promises.bound(action) };
    this._watches.push(watch);
    this._schedule();
    return watch;
  }

  /** @param {Watch} watch */
  forget(watch) {
    const at = this._watches.indexOf(watch);
    if (at >= 0) this._watches.splice(at, 1);
  }

  begin() {
    this._reasons += 1;
    this._quiet = 0;
    this._schedule();
  }

  end() {
    this._reasons -= 1;
  }

  /** What has happened to the connections by now, as while the instance waited for a request. */
  look() {
    // Before its end a server may say why.
    for (let time = 0; time < MOST_LOOKS && this._watches.length > 0 && this._ask(0); time += 1);
  }

  _schedule(delay = 0) {
    if (this._isScheduled || this._reasons === 0 || this._watches.length === 0) return;
    this._isScheduled = true;
    setTimeout(() => this._turn(), delay);
  }

  _turn() {
    this._isScheduled = false;
    if (this._reasons === 0 || this._watches.length === 0) return;
    const { followed } = promises;
    this._quiet = followed === this._followed ? this._quiet + 1 : 0;
    this._followed = followed;
    const beside = callsUnderWay() > 0;
    const patience = PATIENCE[Math.min(this._quiet, PATIENCE.length - 1)];
    if (this._quiet >= PATIENCE.length) this._noteSilence();
    if (this._ask(beside ? 0 : Math.min(patience, msToNextTimer()))) this._quiet = 0;
    const rest = this._quiet > PATIENCE.length ? BESIDE_CALLS_IDLE : BESIDE_CALLS;
    this._schedule(beside ? rest : 0);
  }

  _noteSilence() {
    const now = performance.now();
    for (const [connection, since] of this._asked) if (now - since > LONGEST_SILENCE) connection.silent();
  }

  /** Waits up to that many milliseconds, and calls the actions of what is ready. Whether there was any. */
  _ask(milliseconds) {
    const asked = this._watches.slice();
    const timer = this._subscribeDuration(BigInt(Math.ceil(milliseconds * NANOSECONDS)));
    let ready;
    try {
      ready = this._poll([...asked.map(({ pollable }) => pollable), timer]);
    } finally {
      timer[Symbol.dispose]();
    }
    const found = Array.from(ready, (at) => asked[at]).filter(Boolean);
    for (const watch of found) this.forget(watch);
    for (const watch of found) watch.action();
    return found.length > 0;
  }
}
