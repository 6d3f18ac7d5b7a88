// Writes what a component for development reads: the app's bundle, and the project's files.
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { bundle } from "./bundle.js";
import { bundleEntry } from "./entry.js";
import { ownFiles } from "./project.js";
import { removedAtEnd } from "./temporary.js";

const NAME = "bundle.js";

export async function writeBundle(app, folder, target, granted) {
  const path = app.path(folder);
  const { code, map, inputs } = await bundle({
    folder,
    entry: bundleEntry(path),
    about: { granted, import: "start", development: true, app: app.text },
    form: { name: NAME, banner: "(() => {", footer: "})();" },
  });
  const to = resolve(folder, target);
  mkdirSync(to, { recursive: true });
  const kept = new Set([NAME]);
  for (const file of ownFiles(folder, inputs)) {
    // The bundle has its name.
    if (file.path === NAME) continue;
    kept.add(file.path);
    copy(file, join(to, file.path));
  }
  prune(to, "", kept);
  const encoded = Buffer.from(map).toString("base64");
  replace(
    join(to, NAME),
    `${code}//# sourceURL=${NAME}\n//# sourceMappingURL=data:application/json;base64,${encoded}\n`,
  );
}

function copy(file, to) {
  const there = statSync(to, { throwIfNoEntry: false });
  if (there?.size === file.size && Math.floor(there.mtimeMs) === file.modified) return;
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(file.real, to);
  utimesSync(to, file.modified / 1000, file.modified / 1000);
}

/** Removes what an earlier bundle had, and this one has not. */
function prune(top, inner, kept) {
  for (const entry of readdirSync(join(top, inner), { withFileTypes: true })) {
    const path = inner ? `${inner}/${entry.name}` : entry.name;
    if (entry.isDirectory()) prune(top, path, kept);
    else if (!kept.has(path)) rmSync(join(top, path));
  }
}

/** Whole or not at all: an instance may start at any time. */
function replace(path, text) {
  const part = `${path}.${process.pid}`;
  removedAtEnd(part);
  writeFileSync(part, text);
  renameSync(part, path);
}
