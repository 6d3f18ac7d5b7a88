// Temporary folders and processes of this build, which end with it however it ends.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const paths = new Set();
const processes = new Set();

export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "funcserver-build-"));
  paths.add(folder);
  return folder;
}

/** A file that is not to stay if the build fails. */
export function removedAtEnd(path) {
  paths.add(path);
}

/** Adds a function that ends a process. Returns one that forgets it. */
export function endedAtEnd(end) {
  processes.add(end);
  return () => processes.delete(end);
}

export function cleanUp() {
  for (const end of processes) end();
  processes.clear();
  for (const path of paths) rmSync(path, { recursive: true, force: true });
  paths.clear();
}
