// The field `browser` of packages. It names smaller files for browsers, which also work in a component, except where a
// server needs what a browser lacks.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";

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

/**
 * Packages of the AWS SDK. Their modules for browsers know no environment variables, which credentials, region and
 * endpoints come from, and parse XML by the DOM.
 */
const SERVERS_SCOPES = ["@aws", "@aws-crypto", "@aws-sdk", "@smithy"];
const IN_SCOPE = new RegExp(`^(.*[\\\\/]node_modules[\\\\/](?:${SERVERS_SCOPES.join("|")})[\\\\/][^\\\\/]+)[\\\\/]`);

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

/**
 * What was found, with the module for servers in place of the one for browsers, if a package of these scopes has both.
 * It stays a module of the same kind, so that what nobody uses is left out of the bundle.
 */
export function serversModule({ path: asked }, found) {
  const [, folder] = (found.namespace === "file" && IN_SCOPE.exec(found.path)) || [];
  // The module for servers may be made of parts that browsers have.
  if (!folder || basename(asked, ".js") === basename(found.path, ".js")) return undefined;
  const path = serversModules(folder).get(found.path) ?? besideIt(found.path);
  return path && { ...found, path };
}

/** `exports` may name modules for browsers that `browser` does not. */
function besideIt(path) {
  const module = path.replace(/\.browser(?=\.[cm]?js$)/, "");
  return module !== path && existsSync(module) ? module : undefined;
}

/** @type {Map<string, Map<string, string>>} */
const known = new Map();

/** The modules for servers of a package, by those for browsers that take their place. */
function serversModules(folder) {
  if (!known.has(folder)) known.set(folder, new Map(pairs(folder)));
  return known.get(folder);
}

function pairs(folder) {
  const { browser } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (typeof browser !== "object" || browser === null) return [];
  const file = (path) => join(folder, /\.[cm]?js$/.test(path) ? path : `${path}.js`);
  return Object.entries(browser)
    .filter(([module, other]) => module.startsWith(".") && typeof other === "string")
    .map(([module, other]) => [file(other), file(module)])
    .filter(([, module]) => existsSync(module));
}

function asNode(path, folder) {
  try {
    return createRequire(join(folder, "importer.js")).resolve(path);
  } catch {
    return undefined;
  }
}
