// What makes apps of Hono start and answer sooner. Nothing of the app is called, neither its handlers nor its class.
import { targetOf } from "../web/request.js";
import { shared } from "./shared.js";

const { getPrototypeOf } = Object;

/** Whether a value has the members of a Hono app that are used here. */
export const isHono = (value) =>
  typeof value?.router?.match === "function" && typeof value.getPath === "function" && typeof value.use === "function";

/**
 * An app of the same Hono without routes. Its class is Hono's own, if that of the app is derived from it. An app that
 * `basePath` gave is of Hono's base, which has no router.
 */
export function sibling(app) {
  let found = getPrototypeOf(app);
  // Hono, its base, and Object.
  while (depth(found) > 3) found = getPrototypeOf(found);
  return depth(found) > 1 ? new found.constructor() : undefined;
}

function depth(prototype) {
  let count = 0;
  for (let next = prototype; next; next = getPrototypeOf(next)) count += 1;
  return count;
}

/**
 * Makes the router's tables now, which takes longer than most requests. Afterwards Hono takes no more routes: it is not
 * done if something of the app runs before its first request.
 */
export function makeTables(app) {
  if (shared.onStart.length === 0 && !shared.hasTimers) app.router.match("GET", "/");
}

// A path that Hono uses as it is, up to the query: one without a percent sign.
const PLAIN_PATH = /^(?:\/(?!\.)[\w\-~!$&'()*+,;=:@.]*)+(?:\?|$)/;

/** Gives Hono the path of most requests without their URL, whose other parts cost calls of the host. */
export function shortenPaths(app, other = sibling(app)) {
  const original = other?.getPath;
  if (app.getPath !== original) return;
  app.getPath = (request, options) => {
    const target = targetOf(request);
    if (target === undefined || !PLAIN_PATH.test(target)) return original(request, options);
    const end = target.indexOf("?");
    return end < 0 ? target : target.slice(0, end);
  };
}
