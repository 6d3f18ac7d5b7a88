// Packages that have machine code, and what to use instead of them.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const SQLITE = "use a database that is reached by HTTP instead, or dist/sql-asm.js of sql.js for data in memory";
const INSTEAD = {
  argon2: "use argon2 of @noble/hashes instead",
  bcrypt: "use bcryptjs instead",
  "better-sqlite3": SQLITE,
  bufferutil: "leave it out: it only makes ws faster",
  canvas: "make images in another service",
  "cpu-features": "leave it out: it is optional",
  fsevents: "leave it out of the app: it watches files",
  libpq: "use pg, without its part in C",
  "node-sass": "compile the styles before the build, with sass",
  "pg-native": "leave it out: pg works without it",
  re2: "use the regular expressions of the language instead",
  sharp: "resize images in another service, or with jimp, which is in JavaScript and slow",
  sodium: "use tweetnacl instead",
  "sodium-native": "use tweetnacl instead",
  sqlite3: SQLITE,
  "utf-8-validate": "leave it out: it only makes ws faster",
  "@node-rs/argon2": "use argon2 of @noble/hashes instead",
  "@node-rs/bcrypt": "use bcryptjs instead",
  "@prisma/engines": "use Prisma with a driver adapter that goes by HTTP, without its engines",
  "@prisma/client": "use Prisma with a driver adapter that goes by HTTP, without its engines",
};
const OTHER = "use a package in JavaScript instead, or call it as a service";
/** Dependencies that load machine code. */
const LOADERS = ["bindings", "node-gyp-build", "node-pre-gyp", "@mapbox/node-pre-gyp", "prebuild-install", "node-gyp"];
/** Packages that have a part in machine code, and do their work without it. */
const OPTIONAL = new Set(["ws", "msgpackr", "msgpackr-extract", "cbor-x", "cbor-extract", "esbuild", "lmdb"]);

const known = new Map();

/** The package that a file belongs to, if it cannot work in a component. */
export function nativePackage(file) {
  const folder = packageFolder(file);
  if (folder === undefined) return undefined;
  if (!known.has(folder)) known.set(folder, examine(folder));
  return known.get(folder);
}

function packageFolder(file) {
  const [folder] = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(file) ?? [];
  return folder;
}

function examine(folder) {
  let description;
  try {
    description = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  } catch {
    return undefined;
  }
  const { name, version, dependencies = {}, optionalDependencies = {} } = description;
  const found = { name, version, instead: INSTEAD[name] || OTHER };
  if (OPTIONAL.has(name)) return undefined;
  if (name === "@prisma/client") return hasPrismaEngine(folder) ? found : undefined;
  if (name in INSTEAD) return found;
  const loader = LOADERS.some((one) => one in dependencies);
  if (description.gypfile || existsSync(join(folder, "binding.gyp")) || loader || description.binary) return found;
  // One package for each machine, as napi-rs makes them. Those that also come as WebAssembly or JavaScript have a field
  // for browsers, whose file is taken.
  const machines = Object.keys(optionalDependencies).filter((one) =>
    /(?:linux|darwin|win32)[-_](?:x64|arm64)/.test(one),
  );
  if (machines.length > 0 && !description.browser && !description.exports) return found;
  return undefined;
}

/** Prisma's generated client, which loads a library or a program. */
function hasPrismaEngine(folder) {
  const generated = join(folder, "..", "..", ".prisma", "client", "index.js");
  try {
    return /"engineType":\s*"(?:library|binary)"|libquery_engine/.test(readFileSync(generated, "utf8"));
  } catch {
    return false;
  }
}

export function refusal({ name, version, instead }, args, folder) {
  const importer = relative(folder, args.importer) || dirname(args.importer);
  return (
    `${name} ${version}, which ${importer} imports, has native code that exists for this machine only, not for ` +
    `WebAssembly: ${instead}`
  );
}
