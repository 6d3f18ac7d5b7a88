const { absent } = require("./absent.js");
module.exports = {
  builtinModules: [],
  isBuiltin: (name) => name.startsWith("node:"),
  createRequire: () => (name) => {
    throw new Error(`require(${JSON.stringify(name)}) was called at run time: import it, so that it is in the bundle`);
  },
  register: absent("module").register,
};
