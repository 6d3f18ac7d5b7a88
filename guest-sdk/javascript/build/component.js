// Makes the component of an app.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { bundle } from "./bundle.js";
import { appEntry, developmentEntry } from "./entry.js";
import { BuildError } from "./errors.js";
import { Explainer } from "./explain.js";
import * as output from "./output.js";
import { checkSize, filesExpression, ownFiles } from "./project.js";
import { SDK } from "./sdk.js";
import { endedAtEnd, removedAtEnd, temporaryFolder } from "./temporary.js";
import { checkTypes } from "./types.js";

/** The module that the engine evaluates. Stacks tell that of the runtime from the bundle that it reads. */
const moduleName = (dev) => (dev ? "runtime.js" : "bundle.js");
/** The start of a line of output that the entry prints for the builder. */
const EVENT = "funcserver-event ";
const WORLD = "funcserver:lambda/javascript";
const WORLD_WITH_SOCKETS = "funcserver:lambda/javascript-with-sockets";

/**
 * @param {object} options
 * @param {import("./app.js").App} options.app
 * @param {string} options.folder
 * @param {string} options.output
 * @param {"build" | "start"} options.import
 * @param {string[]} options.granted
 * @param {boolean} options.dev
 */
export async function build(options) {
  const begin = performance.now();
  const { app, folder, granted, dev } = options;
  const types = dev ? undefined : checkTypes(folder);
  try {
    const path = dev ? undefined : app.path(folder);
    output.step(dev ? "making the component that runs the app's bundle" : `bundling ${app.text}`);
    const about = { granted, import: options.import, development: dev, app: app.text };
    const entry = dev ? developmentEntry() : (sockets) => appEntry(path, options.import, sockets);
    const files = (inputs) => {
      const own = ownFiles(folder, inputs);
      checkSize(own, folder);
      return filesExpression(own);
    };
    const made = await bundle({ folder, entry, files: dev ? undefined : files, about, form: { name: moduleName(dev) } });
    if (!dev && options.import === "build") output.step(`importing ${app.text} into the component`);
    const explainer = new Explainer(app, folder, granted, made.map);
    const making = componentize(withMap(made), explainer, options.import, {
      name: moduleName(dev),
      // A bundle for development may need them.
      world: dev || made.sockets ? WORLD_WITH_SOCKETS : WORLD,
    });
    making.catch(() => {});
    // Wrong types end the build at once.
    const component = await (types ? Promise.race([making, types.then(() => making)]) : making);
    await types;
    const target = resolve(folder, options.output);
    write(target, component);
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    // The file of a development component is one of the tool's own.
    output.step(`${dev ? "made" : options.output} (${output.megabytes(component.length)}, ${seconds} s)`);
  } finally {
    types?.stop();
  }
}

/**
 * The code with its source map: in a comment of a function, which the engine keeps as it is, and which costs nothing
 * until a stack is written.
 */
function withMap({ code, map }) {
  const text = map.trim().replaceAll("*/", "*\\/");
  return `${code}
globalThis.FUNCSERVER_MAP = ((keeper) => () => {
  const text = keeper.toString();
  return text.slice(text.indexOf("/*") + 2, text.lastIndexOf("*/"));
})(function () {/*${text}*/});
`;
}

function write(target, component) {
  mkdirSync(dirname(target), { recursive: true });
  const part = join(dirname(target), `.${basename(target)}.${process.pid}`);
  removedAtEnd(part);
  writeFileSync(part, component);
  renameSync(part, target);
}

async function componentize(code, explainer, importAt, { name, world }) {
  const folder = temporaryFolder();
  const staged = join(folder, "sources");
  mkdirSync(staged);
  writeFileSync(join(staged, name), code);
  stageInterfaces(join(folder, "wit"));
  const { status, printed, said } = await runEngine(folder, join(staged, name), world);
  const events = [];
  for (const line of printed.split("\n")) {
    const at = line.indexOf(EVENT);
    if (at >= 0) events.push(JSON.parse(line.slice(at + EVENT.length)));
    else if (line.trim()) output.detail(line);
  }
  explainer.judge(events, importAt);
  if (status !== 0) throw explainer.engineFailure(said);
  return readFileSync(join(folder, "component.wasm"));
}

/** The interfaces without those behind a feature gate, which componentize-js cannot leave out itself. */
function stageInterfaces(target) {
  cpSync(join(SDK, "wit"), target, { recursive: true });
  const without = (name, pattern) => {
    const file = join(target, "deps", name);
    writeFileSync(file, readFileSync(file, "utf8").replace(pattern, ""));
  };
  without("cli.wit", /^.*@unstable.*\n.*\n/gm);
  // The engine's own interfaces have what is behind this gate.
  without("sockets.wit", /^.*@unstable.*\n/gm);
}

/** componentize-js waits without looking at signals, and so has a process of its own. */
function runEngine(folder, module, world) {
  const program = fileURLToPath(new URL("engine.js", import.meta.url));
  const child = spawn(process.execPath, [program, folder, module, world], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: folder, TMP: folder, TEMP: folder, NODE_OPTIONS: "" },
  });
  const forget = endedAtEnd(() => end(child, folder));
  const texts = { printed: "", said: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (texts.printed += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (texts.said += text));
  return new Promise((resolved, rejected) => {
    child.on("error", (error) => rejected(new BuildError(`cannot run Node.js: ${error.message}`)));
    child.on("close", (status) => {
      forget();
      resolved({ status, ...texts });
    });
  });
}

/** Ends the process, and the one that it has started, whose number is in a file. */
function end(child, folder) {
  child.kill("SIGKILL");
  try {
    process.kill(Number(readFileSync(join(folder, "wizer.pid"), "utf8")), "SIGKILL");
  } catch {
    // It has not begun, or it is over.
  }
}
