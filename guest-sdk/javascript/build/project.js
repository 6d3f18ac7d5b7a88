// The project's own files, which the app can read when it runs.
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";

import { BuildError } from "./errors.js";
import * as output from "./output.js";

/** Where the project's folder is in the component. */
export const MOUNT = "/app";

const LEFT_OUT_FOLDERS = new Set(["node_modules", "__pycache__", "build-output", "dist", "coverage"]);
const LEFT_OUT_ENDINGS = [".wasm", ".cwasm", ".zip", ".node", ".tsbuildinfo"];
const LEFT_OUT_FILES = new Set([
  "package-lock.json",
  "npm-shrinkwrap.json",
  "yarn.lock",
  "pnpm-lock.yaml",
  "bun.lock",
  "bun.lockb",
  "funcserver.toml",
]);
const DATABASE_ENDINGS = [".sqlite3", ".sqlite", ".db"];
const SQLITE = "SQLite format 3\0";
const MANY_BYTES = 10_000_000;
// The engine holds the text of each file twice while the component is made, and its memory is bounded.
const TOO_MANY_BYTES = 50_000_000;

/**
 * @typedef {object} OwnFile
 * @property {string} path  relative to the project's folder, with slashes
 * @property {string} real
 * @property {number} size
 * @property {number} modified  in milliseconds
 */

/**
 * The files of a project, without the modules that are in its bundle.
 * @param {Iterable<string>} modules  relative to the folder
 * @returns {OwnFile[]}
 */
export function ownFiles(folder, modules = []) {
  const bundled = new Set(modules);
  const found = { files: [], outside: [], databases: [] };
  walk(folder, realpathSync(folder), "", found);
  if (found.outside.length > 0) {
    output.warn(
      `${found.outside.join(", ")} is left out: it is a link that leads out of ${folder}, and a component has no ` +
        "files from elsewhere. Put a copy in its place if the app needs it",
    );
  }
  if (found.databases.length > 0) {
    output.warn(
      `${found.databases.join(", ")} is left out: SQLite cannot open it in a component, and it may have data that ` +
        "should stay here. Give a file that the app needs another ending",
    );
  }
  return found.files.filter((file) => !bundled.has(file.path)).sort((a, b) => (a.path < b.path ? -1 : 1));
}

function walk(folder, top, inner, found) {
  for (const entry of readdirSync(join(folder, inner), { withFileTypes: true })) {
    const { name } = entry;
    if (name.startsWith(".") || LEFT_OUT_ENDINGS.some((ending) => name.endsWith(ending))) continue;
    const path = inner ? `${inner}/${name}` : name;
    const real = join(folder, path);
    if (entry.isDirectory()) {
      if (!LEFT_OUT_FOLDERS.has(name)) walk(folder, top, path, found);
      continue;
    }
    const status = statSync(real, { throwIfNoEntry: false });
    if (!status?.isFile() || LEFT_OUT_FILES.has(path)) continue;
    if (entry.isSymbolicLink() && !realpathSync(real).startsWith(top + sep)) found.outside.push(path);
    else if (isDatabase(name, real)) found.databases.push(path);
    else found.files.push({ path, real, size: status.size, modified: Math.floor(status.mtimeMs) });
  }
}

function isDatabase(name, real) {
  if (!DATABASE_ENDINGS.some((ending) => name.endsWith(ending))) return false;
  return readFileSync(real).subarray(0, SQLITE.length).toString("latin1") === SQLITE;
}

/** Says if the files are larger than the user may expect. */
export function checkSize(files, folder) {
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (total <= MANY_BYTES) return;
  const largest = [...files].sort((a, b) => b.size - a.size).slice(0, 3);
  const names = largest.map((file) => `${file.path} (${output.megabytes(file.size)})`).join(", ");
  const message =
    `the files in ${folder} are ${output.megabytes(total)}, and all of them become part of the component; the ` +
    `largest are ${names}: move what the app does not need out of the folder, or into one whose name begins with a dot`;
  if (total > TOO_MANY_BYTES) throw new BuildError(`${message}; ${output.megabytes(TOO_MANY_BYTES)} are the most`);
  output.warn(message);
}

/**
 * An expression whose value is an object with the bytes of each file by its path, without the folder. The text of a
 * file is in a comment, which the engine keeps once, and its bytes are made while the component is.
 */
export function filesExpression(files) {
  if (files.length === 0) return "{}";
  const entries = files.map(({ path, real, modified }) => {
    const text = readFileSync(real).toString("base64");
    return `[${JSON.stringify(path)},${modified},function(){/*${text}*/}]`;
  });
  return `(${MADE})([${entries.join(",")}])`;
}

/** In one line, because it comes into a bundle whose lines are in a source map. */
const MADE = `(entries) => {
  const decode = (keeper) => {
    const text = keeper.toString();
    const binary = atob(text.slice(text.indexOf("/*") + 2, text.lastIndexOf("*/")));
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
    return bytes;
  };
  const file = ([path, modified, keeper]) => [path, Object.assign(decode(keeper), { modified })];
  return Object.fromEntries(entries.map(file));
}`.replaceAll(/\n\s*/g, " ");
