// Source maps as small as a stack needs them: an instance decodes the whole map when it writes its first stack.
import { relative, resolve, sep } from "node:path";

import { decode, encode } from "@jridgewell/sourcemap-codec";

import { SDK } from "./sdk.js";

/**
 * The map without names, and for modules of packages without more than one place for each of their lines.
 *
 * @param {string} folder  what its sources are relative to
 */
export function reduced(text, folder) {
  const { version, sources, mappings } = JSON.parse(text);
  const lines = decode(mappings).map((segments) => {
    let source = -1;
    let line = -1;
    return segments
      .filter((segment) => {
        const isNew = segment[1] !== source || segment[2] !== line;
        [, source = -1, line = -1] = segment;
        return isNew || (source >= 0 && !isForeign(sources[source]));
      })
      .map((segment) => segment.slice(0, 4));
  });
  return JSON.stringify({ version, sources: sources.map((source) => named(source, folder)), names: [], mappings: encode(lines) });
}

/** The SDK's own sources have the same names wherever it lies. */
function named(source, folder) {
  const path = resolve(folder, source);
  return path.startsWith(SDK + sep) ? `funcserver/${relative(SDK, path).split(sep).join("/")}` : source;
}

const isForeign = (source) => source.startsWith("..") || source.includes("node_modules/");
