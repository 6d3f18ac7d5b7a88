// What the component exports: each request goes to the app, and no exception of the app ends the instance.
import "./wasi.js";
import { arrived } from "../web/request.js";
import { Response } from "../web/response.js";
import { env } from "./environment.js";
import { Incoming } from "./incoming.js";
import { isHono, shortenPaths } from "./hono.js";
import { isReady, kindOf } from "./kind.js";
import { answerLoadCheck, isLoadCheck } from "./load_check.js";
import { log } from "./log.js";
import { options as built } from "./options.js";
import { isBuilding, run } from "./phase.js";
import { followed, forget, running } from "./rejections.js";
import { Reply, send } from "./reply.js";
import { shared } from "./shared.js";
import { setMap } from "./stack.js";
import { hasQuietTimers, idle, isIdle, nativeTimers, waitUntil } from "./work.js";

/**
 * @param {() => object | Promise<object>} load  gives the namespace of the app's module
 * @param {object} [options]
 * @param {string} [options.app]
 * @param {object} [options.loaded]  the namespace, if the module was evaluated while the component was made
 * @param {import("./kind.js").Kind} [options.atBuild]  the app in that
 * @param {import("./kind.js").Kind} [options.found]  the app itself, if it has not to be looked for
 * @param {string | object | (() => string)} [options.map]
 */
export function handlerOf(load, options = {}) {
  if (options.map !== undefined) setMap(options.map);
  const app = options.app ?? built.app;
  const { loaded, atBuild } = options;
  /** @type {((incoming: Incoming, reply: Reply) => void | Promise<void>) | undefined} */
  let answer = options.found && answerer(options.found);
  let starting;

  /** Without a turn of the engine's loop, if nothing has to be waited for: an instance may answer only once. */
  function startAtOnce() {
    if (isBuilding()) run();
    if (loaded === undefined || shared.onStart.length > 0) return false;
    answer = answerer(shared.hasTimers ? kindOf(loaded, app) : (atBuild ?? kindOf(loaded, app)));
    return true;
  }

  async function start() {
    if (isBuilding()) run();
    await runOnStart();
    const module = await load();
    await ready(module, app);
    const found = kindOf(module, app);
    await runOnStart();
    if (isHono(found.app)) shortenPaths(found.app);
    answer = answerer(found);
  }

  return {
    handle(request, out) {
      const incoming = new Incoming(request);
      const reply = new Reply(out, incoming.method === "HEAD");
      shared.current = incoming;
      forget();
      before = running();
      // What has happened to connections since the last request, such as an end, comes before the app.
      if (shared.waiting?.open > 0) return resumed(incoming, reply);
      return begun(incoming, reply);
    },
  };

  async function resumed(incoming, reply) {
    shared.waiting.look();
    await new Promise((resolve) => nativeTimers.setTimeout(resolve, 0));
    before = running();
    await begun(incoming, reply);
  }

  function begun(incoming, reply) {
    const promises = followed();
    try {
      if (answer === undefined && !startAtOnce()) return first(incoming, reply);
      const promised = answer(incoming, reply);
      if (promised === undefined && isQuiet(promises)) return finish(incoming, reply);
      return later(promised, incoming, reply, promised === undefined);
    } catch (error) {
      failed(error, incoming, reply);
      return isQuiet(promises) ? finish(incoming, reply) : later(undefined, incoming, reply, true);
    }
  }

  /** If the start fails, the next request tries again. */
  async function first(incoming, reply) {
    let promised;
    try {
      if (isBuilding()) run();
      if (isLoadCheck()) return await later(answerLoadCheck(reply, () => settled(start())), incoming, reply, false, true);
      await settled((starting ??= start()), incoming);
      promised = answer(incoming, reply);
    } catch (error) {
      starting = undefined;
      failed(error, incoming, reply);
    }
    await later(promised, incoming, reply, false, true);
  }
}

/** How many async functions were under way when the request came. */
let before = 0;

/**
 * Waits for an app that an async function of the module starts, as NestJS has it. It gives up a turn before `settled`
 * would, so that an error says what the module exports.
 */
async function ready(module, app) {
  for (let turn = 0; turn < TURNS.length - 1 && !isReady(module, app); turn += 1) {
    while (!isIdle()) await idle();
    await new Promise((resolve) => nativeTimers.setTimeout(resolve, TURNS[turn]));
  }
}

async function runOnStart() {
  while (shared.onStart.length > 0) {
    await shared.onStart[0]();
    shared.onStart.shift();
  }
}

/** How a request is answered. */
function answerer(found) {
  if (found.kind === "node") return (incoming, reply) => shared.nodeAnswer(found.listener, incoming, reply);
  const { call } = found;
  return (incoming, reply) => {
    const response = call(arrived(incoming), env, context);
    if (response instanceof Response) return send(response, reply);
    return sendLater(response, reply);
  };
}

/** What Cloudflare's Workers hand to `fetch`. */
const context = { waitUntil, passThroughOnException() {}, props: {} };

async function sendLater(promised, reply) {
  const response = await promised;
  if (!(response instanceof Response)) {
    throw new TypeError(`the app returned ${response === undefined ? "nothing" : typeof response}, not a Response`);
  }
  await send(response, reply);
}

function finish(incoming, reply) {
  shared.current = undefined;
  if (!reply.ended) reply.fail();
  incoming.close();
}

function failed(error, incoming, reply) {
  const where = `${incoming.method} ${incoming.target.split("?", 1)[0]}`;
  log.failure(error, reply.ended ? `work after the answer to ${where}` : where);
  if (!reply.ended) reply.fail();
}

/** Whether a request has left nothing behind that may go on or fail. */
const isQuiet = (promises) => isIdle() && running() <= before && followed() === promises;

/** Waits for the answer, and for the work after it. */
async function later(promised, incoming, reply, turns = false, isFirst = false) {
  try {
    await settled(promised, incoming);
  } catch (error) {
    failed(error, incoming, reply);
  }
  // Of the runtime's own async functions, this one and `first` may be under way.
  const own = 1 + (isFirst ? 1 : 0);
  let turn = turns || !isIdle() || running() > before + own;
  // An async function goes on with what a server says.
  const isAsking = () => shared.waiting?.isAsking && running() > before + own;
  while ((turn || !isIdle() || isAsking()) && !isBuilding()) {
    while (!isIdle()) await idle();
    if (isAsking()) await shared.waiting.nextAnswer();
    // What goes on by itself, such as an async function that nobody awaits, may fail in this turn.
    await new Promise((resolve) => nativeTimers.setTimeout(resolve, 0));
    turn = false;
  }
  finish(incoming, reply);
}

const NEVER = "a promise of the app can never be settled: nothing that it could wait for is going on";
// The engine's own work, such as a digest or a stream, takes some turns of its loop.
const TURNS = [0, 1, 5, 20, 100];

/** What connections say is a reason to go on, until the function is called that this returns. */
function waitForSockets() {
  let { waiting } = shared;
  waiting?.begin();
  return () => {
    waiting?.end();
    waiting = undefined;
  };
}

/** Waits for a promise that may never be settled: the engine would end the instance, without a word of the app. */
function settled(promised) {
  if (promised === undefined) return undefined;
  const endWaiting = waitForSockets();
  return new Promise((resolve, reject) => {
    let timer;
    let turn = 0;
    const look = () => {
      if (!isIdle() || hasQuietTimers() || shared.waiting?.open > 0) turn = 0;
      else if (turn >= TURNS.length) {
        endWaiting();
        reject(new Error(NEVER));
        return;
      }
      timer = nativeTimers.setTimeout(look, TURNS[Math.min(turn, TURNS.length - 1)]);
      turn += 1;
    };
    const stop = (then) => (value) => {
      endWaiting();
      if (timer !== undefined) nativeTimers.clearTimeout(timer);
      timer = undefined;
      then(value);
    };
    Promise.resolve(promised).then(stop(resolve), stop(reject));
    look();
  });
}
