// Finds the modules that an app imports: those of Node.js are the SDK's own. What cannot be in a component is refused.
import { dirname, join, relative } from "node:path";

import { disabledFile, serversFile, serversModule } from "./browser_field.js";
import { isOfClient } from "./clients.js";
import { nativePackage, refusal } from "./native.js";
import { isOwn, nodeFile, nodeModule, SDK, SOURCES } from "./sdk.js";

const NODE = "funcserver-node";
const ABSENT = "funcserver-absent";
const MISSING = "funcserver-missing";
/** The mark of a lookup that the plugin makes itself. */
const AGAIN = "funcserver-again";

/**
 * @param {Set<string>} clients  the names of packages that are clients of servers
 * @returns {import("esbuild").Plugin}
 */
export function modules(folder, clients) {
  return {
    name: "funcserver-modules",
    setup(build) {
      build.onResolve({ filter: /^funcserver$/ }, () => ({ path: join(SOURCES, "index.js") }));
      build.onResolve({ filter: /^wasi:/ }, (args) => ({ path: args.path, external: true }));
      build.onResolve({ filter: /\.node$/ }, (args) => ({ errors: [{ text: nativeFile(args) }] }));
      // Names of packages and of Node.js's modules; relative paths are esbuild's own matter.
      build.onResolve({ filter: /^\.?[^./]/ }, (args) => resolvePackage(build, args, folder, clients));
      build.onResolve({ filter: /^\.\.?(\/|$)/ }, (args) => resolveRelative(build, args, folder));
      build.onLoad({ filter: /.*/, namespace: NODE }, loadRequired);
      build.onLoad({ filter: /.*/, namespace: ABSENT }, loadAbsent);
      build.onLoad({ filter: /.*/, namespace: MISSING }, ({ path, pluginData }) => ({
        contents: `throw Object.assign(new Error(${JSON.stringify(pluginData)}), { code: "MODULE_NOT_FOUND" });`,
        loader: "js",
        resolveDir: dirname(path),
      }));
    },
  };
}

const isRequire = (args) => args.kind === "require-call" || args.kind === "require-resolve";

function again(build, args) {
  const { importer, namespace, resolveDir, kind, with: attributes } = args;
  return build.resolve(args.path, { importer, namespace, resolveDir, kind, with: attributes, pluginData: AGAIN });
}

async function resolvePackage(build, args, folder, clients) {
  if (args.pluginData === AGAIN || args.kind === "entry-point" || args.path.startsWith("virtual:")) return undefined;
  const name = nodeModule(args.path);
  if (name !== undefined) {
    // The SDK's modules are made of packages that are named like those of Node.js.
    const ofPackage = isOwn(args.importer) || args.importer.startsWith(join(SDK, "node_modules"));
    if (ofPackage && !args.path.startsWith("node:")) {
      const found = await again(build, args);
      if (found.errors.length === 0) return found;
    }
    let path = name.replace(/\/$/, "");
    if (path === "timers/promises" && isOfClient(args.importer, clients)) path = "timers/quiet";
    // Such as punycode.
    const isPackage = nodeFile(path) === undefined && !args.path.startsWith("node:");
    if (isPackage) {
      const found = await again(build, args);
      if (found.errors.length === 0) return found;
    }
    if (nodeFile(path) === undefined) return { path, namespace: ABSENT, sideEffects: false };
    if (isRequire(args)) return { path, namespace: NODE, sideEffects: false };
    return { path: nodeFile(path) };
  }
  const found = await again(build, args);
  if (found.errors.length === 0) {
    if (isOwn(args.importer)) return found;
    const refused = nativePackage(found.path);
    if (refused) return { errors: [{ text: refusal(refused, args, folder) }] };
    const file = serversFile(args, found) ?? disabledFile(args, found);
    // Workspaces and links have the app's own modules.
    return file ? { path: file } : (serversModule(args, found) ?? found);
  }
  return missing(args, folder);
}

async function resolveRelative(build, args, folder) {
  if (args.pluginData === AGAIN || args.kind === "entry-point") return undefined;
  const found = await again(build, args);
  if (found.errors.length > 0) return missing(args, folder);
  const file = disabledFile(args, found);
  // Undefined leaves it to esbuild.
  return file ? { path: file } : serversModule(args, found);
}

/** A package may do without what it requires. An import is needed by all that import it. */
function missing(args, folder) {
  const importer = relative(folder, args.importer) || args.importer;
  const bare = /^\.?[^./]/.test(args.path);
  const package_ = args.path.split("/", args.path.startsWith("@") ? 2 : 1).join("/");
  const command = package_ === ".prisma" ? "npx prisma generate" : `npm install ${package_}`;
  const text = bare
    ? `${importer} needs ${args.path}, which is not installed: run ${command}`
    : `${importer} needs ${args.path}, and there is no such file`;
  const inPackage = /(^|[\\/])node_modules[\\/]/.test(args.importer);
  if (args.kind !== "import-statement" && (inPackage || args.kind === "dynamic-import")) {
    return { path: args.path, namespace: MISSING, pluginData: `${text}, or it is not in the component` };
  }
  return { errors: [{ text }] };
}

function nativeFile(args) {
  return `${args.path} is a native add-on, not compiled for WebAssembly: use a package in JavaScript`;
}

/** What `require` gives: a module of Node.js, whose default export it is. */
function loadRequired({ path }) {
  return {
    contents: `const found = require(${JSON.stringify(nodeFile(path))});
module.exports = found["module.exports"] ?? found.default ?? found;`,
    loader: "js",
    resolveDir: SOURCES,
  };
}

/** A module of Node.js that a component lacks. Its exports have names, so that they can be imported. */
async function loadAbsent({ path }) {
  let names = [];
  try {
    names = Object.keys(await import(`node:${path}`)).filter((name) => name !== "default" && name !== "module.exports");
  } catch {
    // This Node.js has it not either.
  }
  const file = JSON.stringify(join(SOURCES, "node", "absent.js"));
  const listed = names.map((name) => `export const ${name} = module_.${name};`);
  return {
    contents: `import { absent } from ${file};
const module_ = absent(${JSON.stringify(path)});
export default module_;
${listed.join("\n")}`,
    loader: "js",
    resolveDir: SOURCES,
  };
}
