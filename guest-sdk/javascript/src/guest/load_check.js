// Loads the app for the tool, which asks whether that works and how long it takes, and answers without the app.
import { encoder } from "../web/bytes.js";
import { env } from "./environment.js";

/** Only the tool sets it, for an instance of its own. Clients cannot. */
const VARIABLE = "FUNCSERVER_LOAD";

const PLACED = /^\s+at .*:\d+:\d+\)?$/;
const RUNTIME = /(?:\(|at )(?:sources\/)?(?:bundle|initializer|runtime)\.js:/;

export const isLoadCheck = () => VARIABLE in env;

/** @param {import("./reply.js").Reply} reply @param {() => unknown} load */
export async function answerLoadCheck(reply, load) {
  const begin = performance.now();
  let status = 200;
  let result;
  try {
    await load();
    result = { seconds: (performance.now() - begin) / 1000 };
  } catch (error) {
    status = 500;
    result = described(error);
  }
  reply.begin(status, [["content-type", encoder.encode("application/json")]]);
  reply.write(encoder.encode(JSON.stringify(result)));
  reply.end();
}

/** The error in one line with its place, and the calls in the app that led to it. */
function described(error) {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const frames = String(error?.stack ?? "")
    .split("\n")
    .filter((line) => PLACED.test(line) && !RUNTIME.test(line));
  const own = frames.find((line) => !line.includes("node_modules/"));
  const [, place] = /([^\s(]+:\d+):\d+\)?$/.exec(own ?? "") ?? [];
  return { error: said.split("\n")[0] + (place ? ` (${place})` : ""), traceback: frames.join("\n") };
}
