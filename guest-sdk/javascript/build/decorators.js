// The types of parameters, which TypeScript writes beside decorators (emitDecoratorMetadata): NestJS finds by them what
// to inject. esbuild knows no types, so the project's own TypeScript compiles the modules that have decorators.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";

import { BuildError } from "./errors.js";
import { temporaryFolder } from "./temporary.js";

const NAME = "tsconfig.json";
const SETTING = "emitDecoratorMetadata";
const DECORATED = /^\s*@[\w$]/m;
const MAP = /\/\/# sourceMappingURL=data:application\/json;base64,(\S+)/;

/**
 * A function that gives a module with decorators in JavaScript; undefined if the project does not ask for it.
 * @returns {((text: string, path: string) => string | undefined) | undefined}
 */
export function decorators(folder) {
  const file = join(folder, NAME);
  if (!existsSync(file) || !isSet(file)) return undefined;
  let compiled;
  return (text, path) => {
    if (!DECORATED.test(text)) return undefined;
    compiled ??= compile(folder);
    const emitted = join(compiled, relative(folder, path)).replace(/ts$/, "js");
    // What TypeScript leaves out, or cannot read, is esbuild's matter.
    return existsSync(emitted) ? withSource(readFileSync(emitted, "utf8"), basename(path)) : undefined;
  };
}

/** Whether a configuration, or one of the project's own that it extends, has the setting. */
function isSet(file) {
  const text = readFileSync(file, "utf8");
  if (new RegExp(`"${SETTING}"\\s*:\\s*true`).test(text)) return true;
  const [, base] = /"extends"\s*:\s*"(\.[^"]*)"/.exec(text) ?? [];
  const path = base && join(file, "..", base.endsWith(".json") ? base : `${base}.json`);
  return Boolean(path) && path !== file && existsSync(path) && isSet(path);
}

/** The folder of the modules in JavaScript. Wrong types are found by their own check. */
function compile(folder) {
  const program = join(folder, "node_modules", "typescript", "bin", "tsc");
  if (!existsSync(program)) {
    throw new BuildError(
      `${NAME} sets ${SETTING}, for which the project's own TypeScript compiles its modules, and it is not installed: ` +
        "run npm install --save-dev typescript",
    );
  }
  const target = temporaryFolder();
  const settings =
    "--noEmit false --noCheck --module esnext --moduleResolution bundler --target es2022 --inlineSourceMap " +
    "--sourceMap false --inlineSources false --declaration false --incremental false --composite false";
  const given = [program, "--project", folder, "--rootDir", folder, "--outDir", target, ...settings.split(" ")];
  const { stdout } = spawnSync(process.execPath, given, { cwd: folder, encoding: "utf8" });
  if (!existsSync(target)) throw new BuildError("TypeScript compiled nothing", stdout);
  const [, reason] = /error (TS(?:5\d{3}|18003)[^\n]*)/.exec(stdout) ?? [];
  if (reason) throw new BuildError(`TypeScript cannot compile the modules with decorators: ${reason}`);
  return target;
}

/** The source of its map is beside the module, and not where TypeScript wrote it. */
function withSource(text, name) {
  return text.replace(MAP, (_, encoded) => {
    const map = { ...JSON.parse(Buffer.from(encoded, "base64").toString()), sources: [name], sourceRoot: undefined };
    return `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}`;
  });
}
