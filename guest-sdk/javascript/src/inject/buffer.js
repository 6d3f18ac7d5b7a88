// The global name `Buffer`: esbuild imports this into modules that use the name. Written so that it is left out of a
// bundle where none does.
export const Buffer = /* @__PURE__ */ (() => require("../node/buffer.js").Buffer)();
