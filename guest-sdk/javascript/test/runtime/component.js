// Apps as instances that answer requests: bundled by the builder, and run by Node.js in place of the engine.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { bundle } from "../../build/bundle.js";
import { appEntry } from "../../build/entry.js";
import { filesExpression, ownFiles } from "../../build/project.js";

const INSTANCE = fileURLToPath(new URL("instance.js", import.meta.url));
const EVENT = "funcserver-event ";
const encoder = new TextEncoder();

/**
 * Starts an instance of an app.
 * @param {import("node:test").TestContext} t
 * @param {string | Record<string, string | Uint8Array>} files  the text of `app.js`, or the project's files
 * @param {object} [options]
 * @param {"build" | "start"} [options.import]
 * @param {string[]} [options.granted]
 * @param {Record<string, string>} [options.variables]  those of the instance
 * @param {string[]} [options.lacks]  what Node.js has and the engine has not, such as `String.prototype.normalize`
 * @param {string} [options.app]
 */
export async function start(t, files, options = {}) {
  const { import: at = "build", granted = [], variables = {}, lacks = [], app = "app.js" } = options;
  const folder = mkdtempSync(join(tmpdir(), "funcserver-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(typeof files === "string" ? { "app.js": files } : files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const about = { granted, import: at, development: false, app };
  const entry = appEntry(join(folder, app.replace(/:\w+$/, "")), at);
  const own = (inputs) => filesExpression(ownFiles(folder, inputs));
  const made = await bundle({ folder, entry, files: own, about, form: { name: "bundle.js" } });
  const path = join(folder, "bundle.mjs");
  writeFileSync(path, made.code);
  const given = JSON.stringify({ bundle: pathToFileURL(path).href, variables, lacks });
  const child = fork(INSTANCE, [given], { serialization: "advanced", stdio: ["ignore", "inherit", "inherit", "ipc"] });
  t.after(() => child.connected && child.disconnect());
  const { printed } = await message(child);
  const events = printed.filter((line) => line.startsWith(EVENT)).map((line) => JSON.parse(line.slice(EVENT.length)));
  return {
    /** What the component said to the builder. */
    events,
    printed: printed.filter((line) => !line.startsWith(EVENT)),
    /** What the app read while the component was made. */
    reads: events.find(({ event }) => event === "reads")?.reads ?? [],
    request: (method, target, settings) => ask(child, method, target, settings),
  };
}

/** The next message of an instance, or why there is none. */
async function message(child) {
  const stop = new AbortController();
  const { signal } = stop;
  try {
    const next = once(child, "message", { signal }).then(([value]) => value);
    const end = once(child, "exit", { signal }).then(([code]) => {
      throw new Error(`the instance ended with status ${code}`);
    });
    next.catch(() => {});
    end.catch(() => {});
    return await Promise.race([next, end]);
  } finally {
    stop.abort();
  }
}

const bytes = (value) => (typeof value === "string" ? encoder.encode(value) : Uint8Array.from(value));

/**
 * @param {object} [settings]
 * @param {[string, string | Uint8Array][]} [settings.headers]
 * @param {string | Uint8Array} [settings.body]
 * @param {(Uint8Array | { fails: string })[]} [settings.pieces]  in place of the body
 */
async function ask(child, method, target, { headers = [], body, pieces } = {}) {
  const given = pieces ?? (body === undefined ? [] : [bytes(body)]);
  child.send({
    method,
    target,
    headers: headers.map(([name, value]) => [name, bytes(value)]),
    pieces: given.map((piece) => piece.fails ?? bytes(piece)),
  });
  const { answer, events, failure, printed } = await message(child);
  if (failure) throw new Error(`the component threw: ${failure}\n${printed.join("\n")}`);
  if (!answer) throw new Error(`the component did not answer\n${printed.join("\n")}`);
  const whole = Buffer.concat(answer.body);
  return {
    status: answer.status,
    /** Each header in its order, a value as a text with a character for each byte. */
    headers: answer.headers.map(([name, value]) => [name, Buffer.from(value).toString("latin1")]),
    /** The values of a header. */
    all: (name) =>
      answer.headers.filter(([key]) => key === name).map(([, value]) => Buffer.from(value).toString("latin1")),
    bytes: whole,
    text: whole.toString(),
    json: () => JSON.parse(whole.toString()),
    finished: answer.finished,
    events,
    printed,
    /** The records of failures. */
    errors: printed
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line))
      .filter(({ level }) => level === "ERROR"),
  };
}
