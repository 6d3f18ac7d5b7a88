// `Intl` for English and UTC, because the engine has none: what is formatted for another language is in English, as the
// standard has it for languages that are not supported. Other time zones are refused, as their offsets are not there.
const LOCALE = "en-US";
const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const UTC = /^(?:utc|gmt|etc\/(?:utc|gmt|uct|zulu)|[+-]00:?(?:00)?)$/i;
const DATE = ["weekday", "era", "year", "month", "day"];
const TIME = ["dayPeriod", "hour", "minute", "second", "fractionalSecondDigits"];
const STYLES = {
  dateStyle: {
    full: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
    long: { year: "numeric", month: "long", day: "numeric" },
    medium: { year: "numeric", month: "short", day: "numeric" },
    short: { year: "2-digit", month: "numeric", day: "numeric" },
  },
  timeStyle: {
    full: { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "long" },
    long: { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "short" },
    medium: { hour: "numeric", minute: "2-digit", second: "2-digit" },
    short: { hour: "numeric", minute: "2-digit" },
  },
};

class Formatter {
  constructor(locales, options) {
    canonical(locales);
    this._options = { ...options };
  }

  resolvedOptions() {
    return { locale: LOCALE, ...this._options };
  }

  static supportedLocalesOf(locales) {
    return canonical(locales).filter((locale) => /^en\b/i.test(locale));
  }
}

function canonical(locales) {
  const list = locales === undefined ? [] : Array.isArray(locales) ? locales : [locales];
  return list.map((one) => {
    const text = String(one);
    if (!/^[a-z]{2,8}(?:[-_][a-z0-9]{1,8})*$/i.test(text)) throw new RangeError(`invalid language tag: ${text}`);
    const [language, ...rest] = text.split(/[-_]/);
    const cased = rest.map((part) => (part.length === 2 ? part.toUpperCase() : part));
    return [language.toLowerCase(), ...cased].join("-");
  });
}

class DateTimeFormat extends Formatter {
  constructor(locales, options = {}) {
    super(locales, undefined);
    const { timeZone = "UTC" } = options;
    if (!UTC.test(timeZone)) {
      throw new RangeError(
        `the time zone ${timeZone} is missing in a component: Intl knows UTC alone; use a library that has its own ` +
          "time zones, such as moment-timezone",
      );
    }
    const styles = ["dateStyle", "timeStyle"].filter((name) => options[name] !== undefined);
    let parts = Object.assign({}, ...styles.map((name) => STYLES[name][options[name]]));
    if (styles.length === 0) {
      for (const name of [...DATE, ...TIME, "timeZoneName"]) {
        if (options[name] !== undefined) parts[name] = options[name];
      }
      if (![...DATE, ...TIME].some((name) => name in parts)) {
        parts = { ...parts, year: "numeric", month: "numeric", day: "numeric" };
      }
    }
    this._parts = parts;
    this._isLong = options.dateStyle === "long" || options.dateStyle === "full";
    const { hour12, hourCycle } = options;
    this._cycle = hour12 === undefined ? (hourCycle ?? "h12") : hour12 ? "h12" : "h23";
    const cycle = parts.hour ? { hourCycle: this._cycle, hour12: this._cycle === "h12" || this._cycle === "h11" } : {};
    this._options = { calendar: "gregory", numberingSystem: "latn", timeZone: "UTC", ...cycle, ...parts };
    this.format = (date) => this.formatToParts(date).map(({ value }) => value).join("");
  }

  formatToParts(given = Date.now()) {
    const date = new Date(given);
    if (Number.isNaN(date.getTime())) throw new RangeError("the date is not valid");
    const day = dateParts(date, this._parts);
    const time = timeParts(date, this._parts, this._cycle);
    if (day.length === 0 || time.length === 0) return [...day, ...time];
    return [...day, literal(this._isLong ? " at " : ", "), ...time];
  }

  formatRange(from, to) {
    return `${this.format(from)} – ${this.format(to)}`;
  }
}

const literal = (value) => ({ type: "literal", value });
const part = (type, value) => ({ type, value: String(value) });
const two = (number) => String(number).padStart(2, "0");
const named = (name, style) => (style === "long" ? name : style === "narrow" ? name[0] : name.slice(0, 3));

function dateParts(date, { weekday, year, month, day }) {
  const months = month && !["numeric", "2-digit"].includes(month);
  const found = [];
  if (month) {
    const number = date.getUTCMonth();
    const value = months ? named(MONTHS[number], month) : month === "2-digit" ? two(number + 1) : number + 1;
    found.push(part("month", value));
  }
  if (day) found.push(part("day", day === "2-digit" ? two(date.getUTCDate()) : date.getUTCDate()));
  if (year) {
    const full = date.getUTCFullYear();
    found.push(part("year", year === "2-digit" ? two(Math.abs(full) % 100) : full));
  }
  const joined = [];
  for (const one of found) {
    const last = joined.at(-1)?.type;
    if (last) joined.push(literal(!months ? "/" : last === "day" ? ", " : " "));
    joined.push(one);
  }
  if (!weekday) return joined;
  const name = part("weekday", named(DAYS[date.getUTCDay()], weekday));
  return joined.length > 0 ? [name, literal(", "), ...joined] : [name];
}

function timeParts(date, { hour, minute, second, fractionalSecondDigits: digits, timeZoneName }, cycle) {
  const isHalf = cycle === "h12" || cycle === "h11";
  const hours = date.getUTCHours();
  const found = [];
  if (hour) {
    const number = isHalf ? hours % 12 || (cycle === "h12" ? 12 : 0) : hours;
    found.push(part("hour", hour === "2-digit" || !isHalf ? two(number) : number));
  }
  for (const [name, style, number] of [
    ["minute", minute, date.getUTCMinutes()],
    ["second", second, date.getUTCSeconds()],
  ]) {
    if (style) found.push(part(name, found.length > 0 || style === "2-digit" ? two(number) : number));
  }
  const joined = found.flatMap((one, at) => (at > 0 ? [literal(":"), one] : [one]));
  if (digits) {
    const fraction = String(date.getUTCMilliseconds()).padStart(3, "0").slice(0, digits);
    joined.push(...(joined.length > 0 ? [literal(".")] : []), part("fractionalSecond", fraction));
  }
  if (hour && isHalf) joined.push(literal(" "), part("dayPeriod", hours < 12 ? "AM" : "PM"));
  if (timeZoneName) {
    if (joined.length > 0) joined.push(literal(" "));
    joined.push(part("timeZoneName", timeZoneName === "long" ? "Coordinated Universal Time" : "UTC"));
  }
  return joined;
}

const SYMBOLS = { USD: "$", EUR: "€", GBP: "£", JPY: "¥", INR: "₹", CNY: "CN¥", KRW: "₩", BRL: "R$", CAD: "CA$" };
const WHOLE = new Set(["JPY", "KRW", "CLP", "VND", "ISK"]);
const COMPACT = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "K"],
];

class NumberFormat extends Formatter {
  constructor(locales, options = {}) {
    super(locales, undefined);
    const { style = "decimal", currency, notation = "standard" } = options;
    if (style === "currency" && currency === undefined) throw new TypeError("the style currency needs a currency");
    const usual = style === "currency" ? (WHOLE.has(currency) ? 0 : 2) : 0;
    const { minimumFractionDigits, maximumFractionDigits } = options;
    const most = style === "currency" ? usual : style === "percent" || notation === "compact" ? 0 : 3;
    const minimum = minimumFractionDigits ?? Math.min(usual, maximumFractionDigits ?? usual);
    this._options = {
      numberingSystem: "latn",
      style,
      ...(currency && { currency: currency.toUpperCase(), currencyDisplay: options.currencyDisplay ?? "symbol" }),
      minimumIntegerDigits: options.minimumIntegerDigits ?? 1,
      minimumFractionDigits: minimum,
      maximumFractionDigits: maximumFractionDigits ?? Math.max(most, minimum),
      useGrouping: options.useGrouping ?? "auto",
      notation,
      signDisplay: options.signDisplay ?? "auto",
      ...(options.maximumSignificantDigits && { maximumSignificantDigits: options.maximumSignificantDigits }),
      ...(options.unit && { unit: options.unit }),
    };
    this.format = (number) => this._format(number);
  }

  formatToParts(number) {
    return [part("literal", this.format(number))];
  }

  _format(given) {
    const { style, currency, currencyDisplay, notation, signDisplay, unit } = this._options;
    let number = typeof given === "bigint" ? given : Number(given);
    if (style === "percent") number = Number(number) * 100;
    const isNegative = number < 0 || Object.is(number, -0);
    let size = isNegative ? -number : number;
    let suffix = "";
    if (notation === "compact") {
      const found = COMPACT.find(([from]) => size >= from);
      if (found) [size, suffix] = [Number(size) / found[0], found[1]];
    }
    let text = this._digits(size, notation === "compact" && size < 100) + suffix;
    if (style === "percent") text += "%";
    if (style === "unit") text += ` ${unit}`;
    if (style === "currency") {
      const symbol = currencyDisplay === "code" ? undefined : SYMBOLS[currency];
      text = currencyDisplay === "name" ? `${text} ${currency}` : (symbol ?? `${currency}\u00a0`) + text;
    }
    const sign = isNegative ? "-" : signDisplay === "always" || (signDisplay === "exceptZero" && size > 0) ? "+" : "";
    return signDisplay === "never" ? text : sign + text;
  }

  /** The digits of a number without a sign. A short one has two that count. */
  _digits(size, isShort) {
    if (size === Infinity) return "∞";
    if (Number.isNaN(size)) return "NaN";
    const options = this._options;
    const { minimumFractionDigits: least, minimumIntegerDigits } = options;
    const significant = options.maximumSignificantDigits ?? (isShort ? 2 : undefined);
    const most = options.maximumFractionDigits;
    let text = String(size);
    if (significant) text = plain(Number(Number(size).toPrecision(significant)));
    else if (typeof size !== "bigint") text = size < 1e21 ? size.toFixed(most) : plain(size);
    let [whole, fraction = ""] = text.split(".");
    while (fraction.length > least && fraction.endsWith("0")) fraction = fraction.slice(0, -1);
    fraction = fraction.padEnd(least, "0");
    whole = whole.padStart(minimumIntegerDigits, "0");
    if (options.useGrouping !== false) whole = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
    return fraction ? `${whole}.${fraction}` : whole;
  }
}

const plain = (number) => (Number.isInteger(number) ? BigInt(number).toString() : String(number));

class PluralRules extends Formatter {
  select(number) {
    if (this._options.type !== "ordinal") return Number(number) === 1 ? "one" : "other";
    const [tens, ones] = [number % 100, number % 10];
    if (tens >= 11 && tens <= 13) return "other";
    return { 1: "one", 2: "two", 3: "few" }[ones] ?? "other";
  }
}

class Collator extends Formatter {
  constructor(locales, options = {}) {
    super(locales, options);
    const { numeric, sensitivity = "variant" } = options;
    const key = (text) => folded(String(text), sensitivity);
    this.compare = (first, second) => (numeric ? numerically : alphabetically)(key(first), key(second));
  }
}

function folded(text, sensitivity) {
  let found = text;
  if (sensitivity === "base" || sensitivity === "accent") found = found.toLowerCase();
  if (sensitivity === "base" || sensitivity === "case") found = found.normalize("NFD").replace(/[\u0300-\u036f]/g, "");
  return found;
}

/** As dictionaries have it: without accents first, then with them, small letters before large ones. */
function alphabetically(first, second) {
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const base = (text) => folded(text, "base");
  const [a, b] = [base(first), base(second)];
  return order(a, b) || order(first.toLowerCase(), second.toLowerCase()) || order(second, first);
}

function numerically(first, second) {
  const pieces = (text) => text.match(/\d+|\D+/g) ?? [];
  const [a, b] = [pieces(first), pieces(second)];
  for (let at = 0; at < a.length && at < b.length; at += 1) {
    const areNumbers = /^\d/.test(a[at]) && /^\d/.test(b[at]);
    const order = areNumbers ? Math.sign(Number(a[at]) - Number(b[at])) : alphabetically(a[at], b[at]);
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

class ListFormat extends Formatter {
  format(list) {
    const all = Array.from(list, String);
    const { type = "conjunction" } = this._options;
    if (type === "unit") return all.join(", ");
    const word = type === "disjunction" ? "or" : "and";
    if (all.length < 3) return all.join(` ${word} `);
    return `${all.slice(0, -1).join(", ")}, ${word} ${all.at(-1)}`;
  }
}

const AUTO = { day: ["yesterday", "today", "tomorrow"] };
class RelativeTimeFormat extends Formatter {
  format(value, unit) {
    const name = String(unit).replace(/s$/, "");
    const number = Number(value);
    if (this._options.numeric === "auto") {
      const words = AUTO[name] ?? [`last ${name}`, `this ${name}`, `next ${name}`];
      if (name === "second" && number === 0) return "now";
      if (Math.abs(number) <= 1 && !/^(?:second|minute|hour)$/.test(name)) return words[number + 1];
    }
    const size = new NumberFormat().format(Math.abs(number));
    const said = `${size} ${name}${Math.abs(number) === 1 ? "" : "s"}`;
    return number < 0 || Object.is(number, -0) ? `${said} ago` : `in ${said}`;
  }
}

class Locale {
  constructor(tag) {
    [this.baseName] = canonical(tag);
    [this.language, this.region] = this.baseName.split("-");
  }

  toString() {
    return this.baseName;
  }
}

/** Called without `new` as well. */
const callable = (Kind) => new Proxy(Kind, { apply: (_, __, values) => new Kind(...values) });

export const Intl = {
  DateTimeFormat: callable(DateTimeFormat),
  NumberFormat: callable(NumberFormat),
  Collator: callable(Collator),
  PluralRules,
  ListFormat,
  RelativeTimeFormat,
  Locale,
  getCanonicalLocales: canonical,
  supportedValuesOf: (key) => (key === "timeZone" ? ["UTC"] : []),
  [Symbol.toStringTag]: "Intl",
};
