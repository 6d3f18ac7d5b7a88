// `String.prototype.normalize`, which the engine lacks.

// The tables of the library take 3 MB of a component once they are evaluated. The bundler evaluates what is required in
// a function when that is called.
const forms = () => require("unorm");
const FORMS = { NFC: "nfc", NFD: "nfd", NFKC: "nfkc", NFKD: "nfkd" };
// Text of these characters is the same in every form.
const ASCII = /^[\0-\x7f]*$/;

if (typeof "".normalize !== "function") {
  Object.defineProperty(String.prototype, "normalize", {
    value: function normalize(form = "NFC") {
      if (!Object.hasOwn(FORMS, form)) throw new RangeError(`the normalization form is NFC, NFD, NFKC or NFKD, not ${form}`);
      const text = String(this);
      return ASCII.test(text) ? text : forms()[FORMS[form]](text);
    },
    writable: true,
    configurable: true,
  });
}
