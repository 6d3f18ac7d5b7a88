// Checks the types of a project with the TypeScript that is installed in it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { BuildError } from "./errors.js";
import { endedAtEnd } from "./temporary.js";

/** A promise that fails if the types are wrong; undefined if the project has no types to check. */
export function checkTypes(folder) {
  const program = join(folder, "node_modules", "typescript", "bin", "tsc");
  if (!existsSync(join(folder, "tsconfig.json")) || !existsSync(program)) return undefined;
  const child = spawn(process.execPath, [program, "--noEmit", "--pretty", "false"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const forget = endedAtEnd(() => child.kill("SIGKILL"));
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const checked = new Promise((resolved, rejected) => {
    child.on("error", (error) => rejected(new BuildError(`cannot run tsc: ${error.message}`)));
    child.on("close", (status) => {
      forget();
      if (status === 0 || status === null) resolved();
      else rejected(failure(said));
    });
  });
  // The build may fail first.
  checked.catch(() => {});
  checked.stop = () => child.kill("SIGKILL");
  return checked;
}

function failure(said) {
  const lines = said.trim().split("\n");
  const [first] = lines;
  const [, file, line, what] = /^(.+?)\((\d+),\d+\): (.*)$/.exec(first) ?? [];
  const place = file ? `${file}:${line}: ${what}` : first;
  const rest = lines.slice(1).join("\n");
  return new BuildError(`the types do not fit: ${place}`, rest || undefined);
}
