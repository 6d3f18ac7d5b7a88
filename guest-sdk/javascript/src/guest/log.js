// The app's output, as records that the host understands: a line of JSON keeps its level and its fields.
import { explain } from "./explain.js";
import { trace } from "./stack.js";

// The host cuts lines of 32 KiB. JSON may double the length of a text.
const LONGEST = 12_000;
const nativeConsole = globalThis.console;
const write = nativeConsole.log.bind(nativeConsole);

/** A long message without its middle. */
function shortened(message) {
  if (message.length <= LONGEST) return message;
  const left = message.length - LONGEST;
  return `${message.slice(0, LONGEST / 2)}\n… ${left} characters …\n${message.slice(-LONGEST / 2)}`;
}

export const log = {
  /** One record, whatever it consists of. */
  record(level, message, others) {
    write(JSON.stringify({ level, message: shortened(message), ...others }));
  },

  /** A line of its own. The host takes it as INFO. */
  line: write,

  /** One record of an exception that the app did not handle. */
  failure(error, doing) {
    const name = error instanceof Error ? error.name : typeof error;
    const note = explain(error);
    const text = trace(error) + (note ? `\n${note}` : "");
    log.record("ERROR", `${doing} failed: ${text}`, { error: name });
  },

  warning(message) {
    log.record("WARN", message);
  },
};
