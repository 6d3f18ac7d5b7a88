// `Intl` for English and UTC says what that of Node.js says.
import assert from "node:assert/strict";
import test from "node:test";

import { Intl as Own } from "../../src/web/intl.js";
import { start } from "./component.js";

const TEXTS = ["2026-07-01T00:05:09.007Z", "2026-11-30T12:00:00Z", "1999-02-03T13:45:59.999Z"];
const DATES = TEXTS.map((text) => new Date(text));
const FORMS = [
  {},
  { year: "numeric", month: "2-digit", day: "2-digit" },
  { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  { weekday: "short", month: "short", day: "numeric" },
  { month: "long", year: "numeric" },
  { month: "short" },
  { weekday: "long" },
  { year: "2-digit" },
  { hour: "numeric", minute: "2-digit" },
  { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" },
  { hour: "numeric", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, timeZoneName: "short" },
  { dateStyle: "full" },
  { dateStyle: "medium", timeStyle: "short" },
  { dateStyle: "short", timeStyle: "medium" },
  { dateStyle: "long", timeStyle: "long" },
];

test("dates", () => {
  for (const form of FORMS) {
    const [own, native] = [Own, Intl].map((kind) => new kind.DateTimeFormat("en-US", { timeZone: "UTC", ...form }));
    const text = (kind, date) => kind.format(date).replace("\u202f", " ");
    for (const date of DATES) assert.equal(text(own, date), text(native, date), JSON.stringify(form));
    // Versions of Node.js differ in the space before AM.
    const parts = (kind) => kind.formatToParts(DATES[0]).map(({ type, value }) => [type, value.replace("\u202f", " ")]);
    assert.deepEqual(parts(own), parts(native));
  }
});

test("numbers", () => {
  const forms = [
    {},
    { minimumFractionDigits: 2 },
    { maximumFractionDigits: 0 },
    { style: "percent" },
    { style: "currency", currency: "USD" },
    { style: "currency", currency: "JPY" },
    { style: "currency", currency: "SEK" },
    { style: "currency", currency: "EUR", currencyDisplay: "code" },
    { notation: "compact" },
    { useGrouping: false },
    { minimumIntegerDigits: 3 },
    { signDisplay: "always" },
    { maximumSignificantDigits: 3 },
  ];
  for (const form of forms) {
    const [own, native] = [Own, Intl].map((kind) => new kind.NumberFormat("en-US", form));
    for (const number of [0, 1, -1, 0.5, 1234.567, 1234567, -98765.4321, 12n]) {
      assert.equal(own.format(number), native.format(number), `${number} ${JSON.stringify(form)}`);
    }
  }
});

test("lists, plurals, times and texts in order", () => {
  const same = (action) => assert.deepEqual(action(Own), action(Intl), String(action));
  for (const list of [[], ["a"], ["a", "b"], ["a", "b", "c"]]) {
    same((kind) => new kind.ListFormat("en").format(list));
    same((kind) => new kind.ListFormat("en", { type: "disjunction" }).format(list));
  }
  for (const number of [0, 1, 2, 3, 4, 11, 12, 21, 103]) {
    same((kind) => new kind.PluralRules("en").select(number));
    same((kind) => new kind.PluralRules("en", { type: "ordinal" }).select(number));
    same((kind) => new kind.RelativeTimeFormat("en").format(-number, "days"));
    same((kind) => new kind.RelativeTimeFormat("en", { numeric: "auto" }).format(number, "day"));
  }
  const names = ["b", "a", "A", "ä", "z", "é", "E", "item 10", "item 9"];
  same((kind) => [...names].sort(new kind.Collator("en").compare));
  same((kind) => [...names].sort(new kind.Collator("en", { numeric: true }).compare));
  same((kind) => new kind.Collator("en", { sensitivity: "base" }).compare("Ä", "a"));
  same((kind) => kind.getCanonicalLocales("EN-us"));
  same((kind) => kind.DateTimeFormat.supportedLocalesOf("en-GB"));
});

test("an app that uses Intl has it, and hears of what is missing", async (t) => {
  const app = await start(
    t,
    `const format = new Intl.DateTimeFormat(undefined, { year: "numeric" });
    export default ({ url }) => {
      if (url.endsWith("/zone")) new Intl.DateTimeFormat("en", { timeZone: "Europe/Stockholm" });
      return new Response(format.format(0) + Intl.DateTimeFormat().resolvedOptions().timeZone);
    };`,
    { lacks: ["Intl"] },
  );
  assert.equal((await app.request("GET", "/")).text, "1970UTC");
  assert.match((await app.request("GET", "/zone")).errors[0].message, /time zone Europe\/Stockholm is missing/);
});
