// The field `browser` of packages. It names smaller files for browsers, which also work in a component, except where a
// server needs what a browser lacks.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Packages whose file for browsers lacks what an app on a server uses: files, streams, a log, requests without XHR. */
const SERVERS = new Set([
  "cross-fetch",
  "handlebars",
  "isomorphic-unfetch",
  "liquidjs",
  "nunjucks",
  "pino",
  "superagent",
  "winston",
]);

/** The file that Node.js takes, if the package is one of these and is imported by its name. */
export function serversFile({ path, resolveDir }, found) {
  return SERVERS.has(path) && found.namespace === "file" ? asNode(path, resolveDir) : undefined;
}

/**
 * The file that a package turns off for browsers (`"./lib/streams.js": false`), where it would need a module of
 * Node.js: there is one in a component. esbuild says this with a path that does not exist.
 */
export function disabledFile({ path, resolveDir }, found) {
  if (found.namespace !== "file" || found.external || existsSync(found.path)) return undefined;
  return asNode(path, resolveDir);
}

function asNode(path, folder) {
  try {
    return createRequire(join(folder, "importer.js")).resolve(path);
  } catch {
    return undefined;
  }
}
