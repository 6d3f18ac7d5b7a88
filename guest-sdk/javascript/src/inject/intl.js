// The global name `Intl`, as for `Buffer`.
export const Intl = /* @__PURE__ */ (() => require("../web/intl.js").Intl)();
