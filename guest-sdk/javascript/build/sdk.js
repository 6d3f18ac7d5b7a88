// Where the SDK is, and which of its modules stand for those of Node.js.
import { existsSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Without a slash at its end. */
export const SDK = fileURLToPath(new URL("..", import.meta.url)).replace(/[/\\]$/, "");
export const SOURCES = join(SDK, "src");

/** `fs/promises` for `node:fs/promises` and `fs/promises`; undefined if it is no module of Node.js. */
export function nodeModule(specifier) {
  const name = specifier.replace(/^node:/, "");
  return name !== specifier || builtinModules.includes(name) ? name : undefined;
}

/** The file that implements a module of Node.js in a component, if one does. */
export function nodeFile(name) {
  const file = join(SOURCES, "node", ...`${name}.js`.split("/"));
  return existsSync(file) ? file : undefined;
}

/** Whether a file is one that runs in the component on the SDK's behalf. */
export const isOwn = (file) => file.startsWith(SOURCES + sep);
