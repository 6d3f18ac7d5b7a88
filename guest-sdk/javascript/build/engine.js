// Runs componentize-js in a process of its own: engine.js FOLDER MODULE WORLD writes FOLDER/component.wasm.
import { chmodSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { componentize } from "@bytecodealliance/componentize-js";

const [folder, module, world] = process.argv.slice(2);

/** A program that writes its number into a file before it becomes Wizer, so that Wizer can be ended. */
function wizer() {
  if (process.platform === "win32") return undefined;
  const require = createRequire(import.meta.resolve("@bytecodealliance/componentize-js"));
  const { platform, arch } = process;
  let program;
  try {
    program = require.resolve(`@bytecodealliance/wizer-${platform}-${arch}/wizer`);
  } catch {
    return undefined;
  }
  const file = join(folder, "wizer.sh");
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  writeFileSync(file, `#!/bin/sh\necho $$ >${quoted(join(folder, "wizer.pid"))}\nexec ${quoted(program)} "$@"\n`);
  chmodSync(file, 0o700);
  return file;
}

try {
  const { component } = await componentize({
    sourcePath: module,
    witPath: join(folder, "wit"),
    worldName: world,
    disableFeatures: ["fetch-event"],
    wizerBin: wizer(),
  });
  writeFileSync(join(folder, "component.wasm"), component);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
