// Makes one module of an app and everything that it imports.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

import * as esbuild from "esbuild";

import { clients, connects, isOfClient, quieted } from "./clients.js";
import { decorators } from "./decorators.js";
import { digests } from "./digests.js";
import { AWAIT_MARK, VIRTUAL } from "./entry.js";
import { BuildError } from "./errors.js";
import { modules } from "./modules.js";
import * as output from "./output.js";
import { rewritePatterns } from "./patterns.js";
import { MOUNT } from "./project.js";
import { SDK, SOURCES } from "./sdk.js";
import { reduced } from "./source_map.js";
import { viewEngines } from "./view_engines.js";

const TEXTS = [".txt", ".html", ".htm", ".md", ".sql", ".graphql", ".gql", ".css", ".svg", ".csv", ".xml"];
const MOST_ERRORS = 10;
const FILES = "virtual:funcserver-files";

/**
 * @param {object} options
 * @param {string} options.folder  the project's
 * @param {string | ((sockets: boolean) => string)} options.entry  the text of the first module, which imports the app
 *     by its absolute path
 * @param {(inputs: string[]) => string} [options.files]  the expression of the project's files, in one line
 * @param {Record<string, unknown>} options.about  what the component knows of the build
 * @param {{ banner?: string, footer?: string, name: string }} options.form
 * @returns {Promise<{ code: string, map: string, inputs: string[], sockets: boolean }>}  the paths of all modules,
 *     relative to the folder, and whether one connects to servers
 */
export async function bundle({ folder, entry, files, about, form }) {
  const text = typeof entry === "function" ? entry : () => entry;
  let result = await joined({ folder, entry: text(false), about, form, sockets: false });
  const sockets = someModule(result.metafile, folder, connects);
  const subtle = subtleOf(result.metafile, folder);
  if (sockets || subtle) {
    // At the end, because it needs the rest of the runtime; the app itself is imported later.
    const more = subtle ? `\nimport ${JSON.stringify(subtle)};\n` : "";
    const quiet = sockets ? clients(result.metafile, folder) : undefined;
    result = await joined({ folder, entry: text(sockets) + more, about, form, sockets, quiet });
  }
  warn(result.warnings);
  const inputs = Object.keys(result.metafile.inputs);
  const lowered = await lower(result.outputFiles[0].text, form);
  let { code } = lowered;
  const mark = JSON.stringify(FILES_MARK);
  if (files && code.includes(mark)) code = code.replace(mark, () => files(inputs));
  return { code: rewritePatterns(code), map: reduced(lowered.map, folder), inputs, sockets };
}

const MORE_THAN_HMAC =
  /AES-|RSA|ECDSA|ECDH|25519|PBKDF2|HKDF|generateKey|exportKey|\b(?:en|de)crypt|derive(?:Bits|Key)|wrapKey/;

/**
 * The module with what a module of the app or of its packages may use of `crypto.subtle` and the engine lacks. More than
 * digests and HMAC takes 250 kB, which most apps have no use for.
 */
function subtleOf(metafile, folder) {
  const uses = (more) => someModule(metafile, folder, (text) => /\bsubtle\b/.test(text) && more.test(text));
  const name = uses(MORE_THAN_HMAC) ? "subtle.js" : uses(/HMAC/i) ? "hmac.js" : undefined;
  return name && join(SOURCES, "web", "crypto", name);
}

function someModule({ inputs, outputs }, folder, has) {
  const used = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  return used.some(([path, { bytesInOutput }]) => {
    const file = resolve(folder, path);
    if (bytesInOutput === 0 || !(path in inputs) || file.startsWith(SDK + sep) || !existsSync(file)) return false;
    return has(readFileSync(file, "utf8"));
  });
}

/** One module of all. */
async function joined({ folder, entry, about, form, sockets, quiet = new Set() }) {
  const development = about.development;
  try {
    return await esbuild.build({
      absWorkingDir: folder,
      stdin: { contents: entry, resolveDir: folder, sourcefile: "funcserver/src/guest/entry.js", loader: "js" },
      outfile: join(folder, form.name),
      write: false,
      bundle: true,
      format: "esm",
      platform: "browser",
      conditions: ["browser", "worker"],
      target: "es2024",
      // The engine has neither.
      supported: { using: false, decorators: false },
      // One byte for each character: the engine keeps the text of the bundle, with two if one of them needs two.
      charset: "ascii",
      sourcemap: "inline",
      sourcesContent: false,
      legalComments: "none",
      metafile: true,
      logLevel: "silent",
      logLimit: 0,
      // For modules that use the global names.
      inject: ["buffer.js", "intl.js"].map((name) => join(SOURCES, "inject", name)),
      loader: Object.fromEntries(TEXTS.map((ending) => [ending, "text"])),
      define: {
        FUNCSERVER_OPTIONS: JSON.stringify(about),
        FUNCSERVER_SOCKETS: JSON.stringify(sockets),
        "process.env.NODE_ENV": JSON.stringify(development ? "development" : "production"),
        "import.meta.env": "process.env",
        "import.meta.url": JSON.stringify(`file://${MOUNT}/bundle.js`),
        "import.meta.filename": JSON.stringify(`${MOUNT}/bundle.js`),
        "import.meta.dirname": JSON.stringify(MOUNT),
        "import.meta.main": "false",
        __filename: JSON.stringify(`${MOUNT}/bundle.js`),
        __dirname: JSON.stringify(MOUNT),
        global: "globalThis",
      },
      plugins: [virtualModules(), modules(folder, quiet), quietTimers(quiet), digests(), places(folder), viewEngines(folder)],
    });
  } catch (error) {
    if (!error.errors) throw error;
    throw explain(error.errors, folder);
  }
}

/**
 * Async functions as generators, so that the runtime learns of promises that are rejected: see src/guest/promises.js.
 * esbuild does this to whole bundles alone: a module of the app may wait at its top, which it refuses in one step.
 */
async function lower(bundled, { banner = "", footer = "", name }) {
  const { code, map } = await esbuild.transform(bundled, {
    sourcefile: name,
    sourcemap: "external",
    sourcesContent: false,
    target: "es2024",
    supported: { "async-await": false, "async-generator": false, "for-await": false },
    charset: "ascii",
    legalComments: "none",
    banner: banner + asyncFunctions(),
    footer,
    logLevel: "silent",
  });
  return { code: code.replace(ASYNC_OF_ESBUILD, "var __asyncOfEsbuild =").replaceAll(AWAIT_MARK, "await "), map };
}

/** The function by which esbuild writes async functions. The bundle has one of its own in place of it. */
const ASYNC_OF_ESBUILD = /^var __async =/m;

function asyncFunctions() {
  const script = readFileSync(join(SOURCES, "guest", "promises.js"), "utf8");
  const { code } = esbuild.transformSync(script, { minify: true, charset: "ascii", target: "es2024" });
  return `var __async = ${code.trim()}`;
}

/** The place of the files in the bundle: which they are is known when all modules are. */
const FILES_MARK = "funcserver: the files of the project";

/** @returns {import("esbuild").Plugin} */
function virtualModules() {
  return {
    name: "funcserver-virtual",
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${FILES}$`) }, () => ({ path: FILES, namespace: FILES }));
      build.onResolve({ filter: /^virtual:/ }, ({ path }) =>
        path in VIRTUAL ? { path, namespace: "funcserver-virtual" } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: "funcserver-virtual" }, ({ path }) => ({ contents: VIRTUAL[path] }));
      build.onLoad({ filter: /.*/, namespace: FILES }, () => ({
        contents: `export default ${JSON.stringify(FILES_MARK)};
`,
        loader: "js",
      }));
    },
  };
}

/** @returns {import("esbuild").Plugin} */
function quietTimers(packages) {
  return {
    name: "funcserver-timers",
    setup(build) {
      build.onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, ({ path, namespace }) => {
        if (namespace !== "file" || !isOfClient(path, packages)) return undefined;
        const contents = quieted(readFileSync(path, "utf8"));
        return contents && { contents, loader: "js" };
      });
    },
  };
}

/**
 * The place of each of the app's own modules: `import.meta.url`, `__dirname` and the like.
 * @returns {import("esbuild").Plugin}
 */
function places(folder) {
  const compiled = decorators(folder);
  return {
    name: "funcserver-places",
    setup(build) {
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, ({ path, namespace }) => {
        if (namespace !== "file" || path.includes(`${sep}node_modules${sep}`) || !path.startsWith(folder + sep))
          return undefined;
        const text = readFileSync(path, "utf8");
        const javascript = /\.[cm]?ts$/.test(path) ? compiled?.(text, path) : undefined;
        const isPlaced = /import\.meta\b|\b__(?:dirname|filename)\b/.test(text);
        if (!isPlaced && javascript === undefined) return undefined;
        const inner = relative(folder, path).split(sep).join("/");
        const contents = isPlaced ? placed(javascript ?? text, inner) : javascript;
        return { contents, loader: javascript === undefined ? loaderOf(path) : "js" };
      });
    },
  };
}

function placed(text, path) {
  const file = `${MOUNT}/${path}`;
  const folder = dirname(file);
  const values = { url: `file://${encodeURI(file)}`, filename: file, dirname: folder };
  const own = text.replace(/\bimport\.meta\.(url|filename|dirname)\b/g, (_, name) => JSON.stringify(values[name]));
  const names = [];
  for (const [name, value] of [
    ["__dirname", folder],
    ["__filename", file],
  ]) {
    const declared = new RegExp(`\\b(?:const|let|var)\\s+(?:\\{[^}]*)?${name}\\b`).test(text);
    if (!declared && text.includes(name)) names.push(`${name}=${JSON.stringify(value)}`);
  }
  return names.length > 0 ? `var ${names.join(",")};${own}` : own;
}

function loaderOf(path) {
  const [, ending] = /\.[cm]?([jt]sx?)$/.exec(path);
  return ending;
}

/** esbuild's errors, the first in one line. */
function explain(errors, folder) {
  const [first] = errors;
  const place = first.location ? `${first.location.file}:${first.location.line}: ` : "";
  const rest = errors.slice(1, MOST_ERRORS).map(lineOf);
  if (errors.length > MOST_ERRORS) rest.push(`and ${errors.length - MOST_ERRORS} more`);
  return new BuildError(place + first.text, rest.length > 0 ? rest.join("\n") : undefined, folder);
}

const lineOf = ({ text, location }) => (location ? `${location.file}:${location.line}: ${text}` : text);

/** Warnings about the app's own modules; those about packages are nothing that the user can change. */
function warn(warnings) {
  for (const one of warnings) {
    if (one.location && !one.location.file.includes("node_modules/") && !one.location.file.startsWith("..")) {
      output.warn(lineOf(one));
    }
  }
}
