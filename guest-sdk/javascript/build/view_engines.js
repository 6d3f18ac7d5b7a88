// Express loads its view engine by a name that it knows at run time: `app.set("view engine", "ejs")`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Packages that have what Express calls, `__express`. */
const ENGINES = ["ejs", "pug", "hbs", "twig", "jade"];
const VIEW = /[\\/]node_modules[\\/]express[\\/]lib[\\/]view\.js$/;
const LOAD = /\brequire\((?=[a-z])/g;

/** Puts those that the project depends on where Express looks for them. @returns {import("esbuild").Plugin} */
export function viewEngines(folder) {
  return {
    name: "funcserver-view-engines",
    setup(build) {
      build.onLoad({ filter: VIEW }, ({ path }) => ({
        contents: `${readFileSync(path, "utf8").replace(LOAD, "viewEngine(")}\n${choice(ofProject(folder), folder)}`,
        loader: "js",
      }));
    },
  };
}

function ofProject(folder) {
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return ENGINES.filter((name) => name in dependencies);
}

function choice(engines, folder) {
  // As Node.js finds them: what a package has for browsers reads no files.
  const { resolve } = createRequire(join(folder, "package.json"));
  const cases = engines.map((name) => `    case "${name}": return require(${JSON.stringify(resolve(name))});`);
  return `function viewEngine(name) {
  switch (name) {
${cases.join("\n")}
  }
  var text = "the view engine " + name + " is not in the component: list its package in the dependencies of package.json, or"
    + " name it by app.engine()";
  throw Object.assign(new Error(text), { code: "MODULE_NOT_FOUND" });
}
`;
}
