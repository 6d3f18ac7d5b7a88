// What the engine lacks, and what an app can do instead: a sentence for errors that would not say it.

const ABSENT = [
  [
    /\bIntl\b.*not defined|can't access property .* of Intl/,
    "Intl is missing in a component: format dates and numbers with a library such as date-fns or dayjs",
  ],
  [
    /\bIntl\.\w+ is not a (?:constructor|function)/,
    "a component has the parts of Intl for dates, numbers, lists and plurals in English alone: use a library for this one",
  ],
  [
    /\bWebSocket\b.*not defined|WebSocket is not a constructor/,
    "WebSocket is missing in a component: behind Lambda and a load balancer there are only requests and answers",
  ],
  [
    /\b(?:Worker|SharedArrayBuffer|Atomics)\b.*not defined/,
    "threads cannot be started in a component: await the work, or call it as a service",
  ],
  [
    /\bWebAssembly\b.*not defined/,
    "WebAssembly cannot be compiled in a component: use a package in pure JavaScript",
  ],
  [/\bXMLHttpRequest\b.*not defined/, "XMLHttpRequest is missing in a component: use fetch"],
  [
    /invalid (?:class )?property name in regular expression/,
    "a pattern with \\p{…} that is made while the app runs cannot be used: write it as a literal, which the build changes",
  ],
];

/** @returns {string | undefined} */
export function explain(error) {
  const message = String(error?.message ?? "");
  return ABSENT.find(([pattern]) => pattern.test(message))?.[1];
}
