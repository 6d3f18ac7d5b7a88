// Projects for the tests, in temporary folders.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const BUILDER = fileURLToPath(new URL("../../build/main.js", import.meta.url));

/** @param {Record<string, string>} files */
export function project(t, files) {
  const folder = mkdtempSync(join(tmpdir(), "funcserver-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** Runs the builder. @returns {Promise<{ status: number, stdout: string, stderr: string }>} */
export function builder(folder, ...args) {
  return new Promise((resolved) => {
    execFile(process.execPath, [BUILDER, ...args], { cwd: folder, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolved({ status: error ? (error.code ?? -1) : 0, stdout, stderr }),
    );
  });
}

/** The sentence that the builder ends with. */
export const sentence = ({ stderr }) =>
  stderr
    .trim()
    .split("\n")
    .findLast((line) => line.startsWith("error: ")) ?? stderr;
