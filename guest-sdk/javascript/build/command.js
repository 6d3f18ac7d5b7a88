// Reads the builder's arguments, and does what they say.
import { parseArgs } from "node:util";

import { App } from "./app.js";
import { BuildError } from "./errors.js";
import * as output from "./output.js";
import { cleanUp } from "./temporary.js";

const USAGE = `usage: build/main.js APP --output FILE [--import build|start] [--granted NAME]... [--dev]
       build/main.js APP --key [--granted NAME]...
       build/main.js APP --bundle FOLDER [--granted NAME]...
       build/main.js --find`;

export async function main(args) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, interrupted);
  process.exitCode = await run(args);
}

function interrupted() {
  cleanUp();
  output.fail("interrupted");
  process.exit(1);
}

async function run(args) {
  let given;
  try {
    given = parse(args);
  } catch (error) {
    process.stderr.write(`${USAGE}\nerror: ${error.message}\n`);
    return 2;
  }
  if (given.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  try {
    await dispatch(given);
    return 0;
  } catch (error) {
    if (!(error instanceof BuildError) && error.code === undefined) throw error;
    if (error.details) output.detail(error.details);
    output.fail(error.message);
    return 1;
  } finally {
    cleanUp();
  }
}

async function dispatch(given) {
  const folder = process.cwd();
  if (given.find) {
    const { find } = await import("./find.js");
    process.stdout.write(`${JSON.stringify(find(folder))}\n`);
    return;
  }
  if (given.key) {
    const { key } = await import("./key.js");
    process.stdout.write(`${key(given.granted)}\n`);
    return;
  }
  const app = App.parse(given.app);
  if (given.bundle !== undefined) {
    const { writeBundle } = await import("./development.js");
    await writeBundle(app, folder, given.bundle, given.granted);
    return;
  }
  const { build } = await import("./component.js");
  await build({ app, folder, output: given.output, import: given.import, granted: given.granted, dev: given.dev });
}

function parse(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      output: { type: "string" },
      import: { type: "string", default: "build" },
      granted: { type: "string", multiple: true, default: [] },
      dev: { type: "boolean", default: false },
      key: { type: "boolean", default: false },
      bundle: { type: "string" },
      find: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return values;
  if (!["build", "start"].includes(values.import)) throw new Error("--import is build or start");
  if (positionals.length > 1) throw new Error(`no such argument: ${positionals[1]}`);
  if (!values.find && positionals.length === 0) throw new Error("APP is missing, such as src/app.ts");
  const asked = [values.output !== undefined, values.key, values.bundle !== undefined, values.find];
  if (asked.filter(Boolean).length !== 1) throw new Error("one of --output, --key, --bundle and --find is required");
  return { ...values, app: positionals[0] };
}
