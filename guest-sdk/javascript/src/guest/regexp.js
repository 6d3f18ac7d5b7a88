// `RegExp`, which says what to do about a pattern that the engine cannot read: it has no data of Unicode. The builder
// rewrites patterns that it sees in the code.
const Native = globalThis.RegExp;
const UNREADABLE = /invalid (?:class )?property name/;

function RegExp(pattern, flags) {
  // A call without `new` may return the pattern itself.
  try {
    return new.target === undefined
      ? Native(pattern, flags)
      : Reflect.construct(Native, [pattern, flags], new.target === RegExp ? Native : new.target);
  } catch (error) {
    if (!UNREADABLE.test(error?.message)) throw error;
    throw new SyntaxError(
      `the pattern /${pattern}/${flags ?? ""} is made while the app runs, and a component has no data for \\p{…}: write ` +
        "it as a literal or as new RegExp of a constant text, which the build changes",
    );
  }
}
Object.setPrototypeOf(RegExp, Native);
Object.defineProperty(RegExp, "prototype", { value: Native.prototype, writable: false });
Object.defineProperty(RegExp, "length", { value: 2 });
Object.defineProperty(RegExp, Symbol.species, {
  // The engine's own, so that it splits texts by patterns as quickly as before.
  get() {
    return this === RegExp ? Native : this;
  },
});
Object.defineProperty(Native.prototype, "constructor", { value: RegExp, writable: true, configurable: true });
Object.defineProperty(globalThis, "RegExp", { value: RegExp, writable: true, configurable: true });
