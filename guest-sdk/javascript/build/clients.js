// Packages that are clients of servers: those with a module that connects, what they import, and pools. Their timers
// close what is idle for ten seconds, or connect again and again: no request waits for them after its answer.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const IMPORTS_NET = /["'`](?:node:)?(?:net|tls)["'`]/;
const CONNECTS = /\b(?:Socket|TLSSocket|createConnection|connect)\b/;
const POOLS = ["generic-pool", "lightning-pool", "pg-pool", "sequelize-pool", "tarn"];
const TIMER = /\bsetTimeout\b/;
const DECLARED = /\b(?:const|let|var|import|function)\s*(?:\{[^}]*)?\bsetTimeout\b/;
const QUIET = 'var setTimeout = globalThis[Symbol.for("funcserver")].quietTimeout;';

/** Whether a module connects to servers by TCP. Many import `node:net` for its functions of addresses alone. */
export const connects = (text) => IMPORTS_NET.test(text) && CONNECTS.test(text);

const packageOf = (path) =>
  /^(?:.*[\\/])?node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(path)?.[1].replaceAll("\\", "/");

/** The names of these packages. */
export function clients({ inputs }, folder) {
  const found = new Set(POOLS);
  const imported = [];
  for (const path of Object.keys(inputs)) {
    const name = packageOf(path);
    if (name === undefined || path.includes(":") || !connects(readFileSync(resolve(folder, path), "utf8"))) continue;
    found.add(name);
    imported.push(name);
  }
  for (const [path, { imports }] of Object.entries(inputs)) {
    if (!imported.includes(packageOf(path))) continue;
    for (const one of imports) if (packageOf(one.path)) found.add(packageOf(one.path));
  }
  return found;
}

export const isOfClient = (path, names) => names.has(packageOf(path));

/** The text of a module with timers of that kind; undefined if it has none. */
export function quieted(text) {
  if (!TIMER.test(text) || DECLARED.test(text)) return undefined;
  const [directive] = /^\s*(["'])use strict\1;?/.exec(text) ?? [""];
  // In the same line, as the source map has the lines of the file.
  return `${directive}${directive.endsWith(";") || directive === "" ? "" : ";"}${QUIET}${text.slice(directive.length)}`;
}
