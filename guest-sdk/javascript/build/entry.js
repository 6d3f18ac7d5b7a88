// The first module of a component or of a bundle.
import { join } from "node:path";

import { SOURCES } from "./sdk.js";

/** How long a module may take to start its server in an async function, in turns of the queue of microtasks. */
const MOST_TURNS = 1000;
/** The one `await` at the top of a bundle, while async functions are written in another way. */
export const AWAIT_MARK = "FUNCSERVER_AWAIT";

const own = (path) => JSON.stringify(join(SOURCES, path));

/** The runtime and the app: its module is evaluated while the component is made, or when an instance starts. */
export function appEntry(path, importAt, sockets) {
  const app = JSON.stringify(path);
  return `import "virtual:funcserver-print";
import ${own("guest/setup.js")};
${sockets ? `import ${own("guest/host_sockets.js")};` : ""}
import { setFiles } from ${own("guest/files.js")};
import { handlerOf } from ${own("guest/handler.js")};
import files from "virtual:funcserver-files";
setFiles(files);
${importAt === "build" ? evaluated(app) : `const load = () => import(${app});`}
export const incomingHandler = handlerOf(load${importAt === "build" ? ", { loaded: module_, atBuild: found }" : ""});
`;
}

function evaluated(app) {
  return `import { isReady, kindOf } from ${own("guest/kind.js")};
import { noted } from ${own("guest/reads.js")};
import { rehearse } from ${own("guest/rehearse.js")};
import { report, described } from "virtual:funcserver-print";
let module_;
let failure;
let found;
try {
  module_ = ${AWAIT_MARK}(import(${app}));
} catch (error) {
  failure = described("failed", error);
}
for (let turn = 0; turn < ${MOST_TURNS} && !failure && !isReady(module_, FUNCSERVER_OPTIONS.app); turn += 1) {
  ${AWAIT_MARK}(null);
}
report({ event: "reads", reads: noted() });
if (failure) report(failure);
else {
  try {
    found = kindOf(module_, FUNCSERVER_OPTIONS.app);
    ${AWAIT_MARK}(rehearse(found));
  } catch (error) {
    report(described("unfit", error));
  }
}
const load = () => module_;`;
}

/** The runtime alone. */
export function developmentEntry() {
  return `import ${own("guest/setup.js")};
import ${own("guest/host_sockets.js")};
import { handlerOf } from ${own("guest/handler.js")};
import { inlineMap } from ${own("guest/stack.js")};
import { readBundle } from "virtual:funcserver-mounted";
let text;
function load() {
  text = readBundle("bundle.js");
  (0, eval)(text);
  return globalThis.FUNCSERVER_APP();
}
export const incomingHandler = handlerOf(load, { map: () => text && inlineMap(text) });
`;
}

/** The app alone, for a component that has the runtime. */
export function bundleEntry(path) {
  return `globalThis.FUNCSERVER_APP = () => import(${JSON.stringify(path)});\n`;
}

/** Modules that only an entry imports. */
export const VIRTUAL = {
  // The engine's own console writes a line to the standard output of the build.
  "virtual:funcserver-print": `const print = console.log.bind(console);
const stack = Object.getOwnPropertyDescriptor(Error.prototype, "stack")?.get;
export const report = (event) => print("funcserver-event " + JSON.stringify(event));
export function described(event, error) {
  const isError = error instanceof Error;
  return {
    event,
    name: isError ? String(error.name) : undefined,
    message: isError ? String(error.message) : String(error),
    stack: isError && stack ? String(stack.call(error)) : "",
  };
}`,
  "virtual:funcserver-mounted": `import { getDirectories } from "wasi:filesystem/preopens@0.2.12";
const FOLDER = "/app";
const PIECE = 1048576n;
/** Reads a file of the folder that the host mounts. */
export function readBundle(name) {
  const found = getDirectories().find(([, path]) => path === FOLDER || path === "app");
  if (!found) throw new Error("the host has mounted no folder " + FOLDER + " with the app's bundle");
  const file = found[0].openAt({ symlinkFollow: true }, name, {}, { read: true });
  const { size } = file.stat();
  const bytes = new Uint8Array(Number(size));
  let at = 0;
  while (at < bytes.length) {
    const [piece, ended] = file.read(PIECE, BigInt(at));
    bytes.set(piece, at);
    at += piece.length;
    if (ended) break;
  }
  file[Symbol.dispose]();
  return new TextDecoder().decode(bytes.subarray(0, at));
}`,
};
