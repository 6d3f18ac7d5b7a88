// What the user sees of a build, on standard error.
import { writeSync } from "node:fs";

export const step = (text) => show(`==> ${text}`);
export const warn = (text) => show(`warning: ${text}`);
export const fail = (text) => show(`error: ${text}`);

/** Lines that belong to the step or the error beside them. */
export function detail(text) {
  for (const line of text.trimEnd().split("\n")) show(`    ${line}`);
}

export const megabytes = (size) => `${(size / 1_000_000).toFixed(1)} MB`;

function show(text) {
  const bytes = Buffer.from(`${text}\n`);
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(2, bytes, written);
    } catch (error) {
      // A reader that has gone needs no message, and a slow one gets it later.
      if (error.code !== "EAGAIN") return;
    }
  }
}
