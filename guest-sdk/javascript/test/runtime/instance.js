// An instance of a component, as a process of its own: the runtime replaces what is global. It evaluates a bundle, and
// answers the requests that its parent sends, one after the other.
import { register } from "node:module";

const parent = process;
const { setTimeout } = globalThis;
/** The longest that a request may take. */
const LONGEST = 20_000;

/** What the component prints. */
let lines = [];
console.log = (text) => lines.push(String(text));

register("./fake/hooks.js", import.meta.url);
const { host } = await import("./fake/host.js");
const { IncomingRequest, ResponseOutparam } = await import("./fake/http/types.js");

const { bundle, variables, lacks } = JSON.parse(parent.argv[2]);
// Node.js loads its implementation when one is made first, and that needs its `Buffer`.
new FormData();
// The engine has no `Buffer`: the runtime brings its own.
for (const path of ["Buffer", ...lacks]) {
  const names = path.split(".");
  const name = names.pop();
  delete names.reduce((owner, key) => owner[key], globalThis)[name];
}
host.variables = Object.entries(variables);
const { incomingHandler } = await import(bundle);
parent.send({ printed: taken() });

parent.on("message", async (given) => {
  const late = setTimeout(() => {
    parent.send({ failure: "the request was not answered in time", printed: taken() });
  }, LONGEST);
  host.events.length = 0;
  const out = new ResponseOutparam();
  let failure;
  try {
    await incomingHandler.handle(new IncomingRequest(given), out);
  } catch (error) {
    failure = String(error?.stack ?? error);
  }
  late.close();
  parent.send({ answer: out.answer, events: [...host.events], failure, printed: taken() });
});
parent.on("disconnect", () => parent.exit());
// The runtime says what is rejected. Node.js would end the process.
parent.on("unhandledRejection", () => {});

function taken() {
  const all = lines;
  lines = [];
  return all;
}
