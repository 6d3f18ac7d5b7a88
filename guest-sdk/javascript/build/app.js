// What `component.app` names: a file, and perhaps the export that is the app.
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, normalize, relative, sep } from "node:path";

import { BuildError } from "./errors.js";

const ENDINGS = ["ts", "mts", "cts", "tsx", "js", "mjs", "cjs", "jsx"];
const FORM = new RegExp(`^(.+\\.(?:${ENDINGS.join("|")}))(?::([\\p{ID_Start}$_][\\p{ID_Continue}$]*))?$`, "u");
const MOST_SHOWN = 8;

export class App {
  constructor(text, file, name) {
    this.text = text;
    /** Relative to the project's folder, with slashes. */
    this.file = file;
    /** The export, if one is named. */
    this.name = name;
  }

  static parse(text) {
    const [, file, name] = FORM.exec(text) ?? [];
    if (file === undefined) {
      throw new BuildError(
        `the app is named ${JSON.stringify(text)}, but it must be the path of a module in JavaScript or TypeScript: ` +
          'set component.app in funcserver.toml, for example to "src/app.ts", or to "src/app.ts:app" for one export',
      );
    }
    return new App(text, normalize(file).split(sep).join("/"), name);
  }

  /** Its path on this machine. Fails if there is no such file, and says what there is. */
  path(folder) {
    const path = join(folder, this.file);
    if (relative(folder, path).startsWith("..")) {
      throw new BuildError(
        `component.app names ${this.text}, which is outside of ${folder}: name a file of the project`,
      );
    }
    if (existsSync(path) && statSync(path).isFile()) return path;
    const there = candidates(folder, this.file);
    const hint =
      there.length > 0
        ? `did you mean ${there.join(" or ")}?`
        : "name the module that exports the app, relative to that folder";
    throw new BuildError(`component.app names ${this.text}, but there is no ${this.file} in ${folder}: ${hint}`);
  }
}

/** Modules that the user may mean: those of the same name first, then those in the usual places. */
function candidates(folder, file) {
  const stem = basename(file).replace(/\.\w+$/, "");
  const found = [];
  for (const place of new Set([dirname(file), "src", "."])) {
    const names = existsSync(join(folder, place)) ? readdirSync(join(folder, place)) : [];
    for (const name of names) {
      const [, base, ending] = /^(.+)\.(\w+)$/.exec(name) ?? [];
      if (!ENDINGS.includes(ending) || /\.(?:d|config|test|spec)$/.test(base)) continue;
      const path = normalize(join(place, name)).split(sep).join("/");
      if (!found.includes(path)) found.push(path);
    }
  }
  const same = found.filter((path) => basename(path).replace(/\.\w+$/, "") === stem);
  return (same.length > 0 ? same : found).slice(0, MOST_SHOWN);
}
