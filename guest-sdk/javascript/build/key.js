// The key of a component for development: a hash of all that it depends on, which is the SDK with its packages.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { SDK } from "./sdk.js";

const PACKAGES = ["@bytecodealliance/componentize-js", "@bytecodealliance/jco", "esbuild", "regexpu-core"];

export function key(granted) {
  const hashed = createHash("sha256");
  hashed.update(JSON.stringify([...granted].sort()));
  for (const folder of ["build", "src", "wit"]) {
    for (const path of files(join(SDK, folder)))
      hashed.update(`${path.slice(SDK.length)}\0`).update(readFileSync(path));
  }
  hashed.update(readFileSync(join(SDK, "package.json")));
  for (const name of PACKAGES) hashed.update(`${name} ${version(name)}\n`);
  return hashed.digest("hex");
}

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

/** The version that is installed. Not every package lets its description be imported. */
function version(name) {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    try {
      return JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8")).version;
    } catch {
      // It is in a folder above.
    }
  }
  return dirname(name);
}
