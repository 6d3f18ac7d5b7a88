// Finds the apps in a folder by reading its sources, and what they read of the environment while they are imported.
// Nothing of the folder is run or changed.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

import { Parser } from "acorn";
import { transformSync } from "esbuild";
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

/** What makes an app: the module and the name that is imported, and its framework. */
const FRAMEWORKS = [
  [/^hono(\/tiny|\/quick)?$|^@hono\/zod-openapi$/, /^(Hono|OpenAPIHono)$/, "hono", "new"],
  [/^express$/, /^(default|\*)$/, "express", "call"],
  [/^koa$/, /^(default|\*)$/, "koa", "new"],
  [/^fastify$/, /^(default|\*|fastify|Fastify)$/, "fastify", "call"],
  [/^itty-router$/, /^(Router|AutoRouter|IttyRouter)$/, "itty-router", "call"],
  [/^h3$/, /^(H3|createApp)$/, "h3", "any"],
  [/^elysia$/, /^(Elysia|default)$/, "elysia", "new"],
  [/^polka$/, /^(default|\*)$/, "polka", "call"],
  [/^(node:)?https?$/, /^(createServer)$/, "node:http", "call"],
];
const ENDING = /\.(?:[cm]?[jt]s|[jt]sx)$/;
const LEFT_OUT = new Set([
  "node_modules",
  "build-output",
  "dist",
  "build",
  "coverage",
  "test",
  "tests",
  "__tests__",
  "public",
  "static",
]);
const SCRIPT = /(?:\.(?:test|spec|config|d)\.[cm]?[jt]sx?$)/;
/** Modules that only run natively. */
const NATIVE_START = /^(?:@hono\/node-server)$/;
const MOST_FILES = 5_000;
const MOST_BYTES = 2_000_000;
const LOADERS = { ts: "ts", tsx: "tsx", js: "jsx", jsx: "jsx" };

/** @returns {{ apps: object[], reads: object[], modules: number }} */
export function find(folder) {
  const found = { apps: [], reads: [], modules: 0 };
  const modules = [];
  for (const file of sources(folder, "")) {
    if (found.modules >= MOST_FILES) break;
    found.modules += 1;
    const module_ = parse(join(folder, file), file);
    if (!module_) continue;
    modules.push({ ...module_, apps: apps(module_) });
    found.reads.push(...reads(module_));
  }
  // Routers are apps that another app imports.
  const routers = new Set(modules.flatMap((module_) => (module_.apps.length > 0 ? importedFiles(module_) : [])));
  found.apps = modules.flatMap((module_) => (routers.has(stem(module_.file)) ? [] : module_.apps));
  found.apps.sort((a, b) => rank(a) - rank(b) || (a.file < b.file ? -1 : 1));
  for (const app of found.apps) delete app.rank;
  return found;
}

const stem = (file) => file.replace(ENDING, "").replace(/(^|\/)index$/, "");

/** The files, without their endings, of the project's modules that a module imports. */
const importedFiles = ({ file, names }) =>
  [...names.values()]
    .filter(([from]) => from.startsWith("."))
    .map(([from]) => stem(join(dirname(file), from).replace(/\/$/, "")));

/** Modules that name their app first, then those that only start one. */
const rank = ({ rank: own, file }) => own * 100 + file.split("/").length;

function* sources(folder, inner) {
  const entries = readdirSync(join(folder, inner), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith(".")) continue;
    const path = inner ? `${inner}/${entry.name}` : entry.name;
    if (entry.isDirectory()) {
      if (!LEFT_OUT.has(entry.name)) yield* sources(folder, path);
    } else if (ENDING.test(entry.name) && !SCRIPT.test(entry.name) && statSync(join(folder, path)).size < MOST_BYTES) {
      yield path;
    }
  }
}

/** The module in plain JavaScript, with its places in the source. What cannot be read is a matter of the build. */
function parse(path, file) {
  try {
    const text = readFileSync(path, "utf8");
    const [, ending] = /\.[cm]?([jt]sx?)$/.exec(path);
    const { code, map } = transformSync(text, {
      loader: LOADERS[ending],
      sourcemap: "external",
      sourcefile: file,
      target: "es2024",
      supported: { using: false, decorators: false },
    });
    const tree = Parser.parse(code, {
      ecmaVersion: "latest",
      sourceType: "module",
      allowReturnOutsideFunction: true,
      allowHashBang: true,
      locations: true,
    });
    const tracer = new TraceMap(map);
    const line = ({ loc }) => originalPositionFor(tracer, loc.start).line ?? loc.start.line;
    return { file, code, tree, line, names: imported(tree) };
  } catch {
    return undefined;
  }
}

/** Where each imported name comes from: `[module, name]`. */
function imported(tree) {
  const names = new Map();
  for (const node of tree.body) {
    if (node.type === "ImportDeclaration") {
      for (const { type, local, imported: name } of node.specifiers) {
        const from =
          type === "ImportSpecifier" ? (name.name ?? name.value) : type === "ImportDefaultSpecifier" ? "default" : "*";
        names.set(local.name, [node.source.value, from]);
      }
    } else if (node.type === "VariableDeclaration") {
      for (const { id, init } of node.declarations) {
        const from = required(init);
        if (from === undefined) continue;
        if (id.type === "Identifier") names.set(id.name, [from, "*"]);
        else if (id.type === "ObjectPattern") {
          for (const { key, value } of id.properties)
            if (value?.type === "Identifier") names.set(value.name, [from, key.name]);
        }
      }
    }
  }
  return names;
}

function required(node) {
  const isRequire = node?.type === "CallExpression" && node.callee.name === "require";
  return isRequire && typeof node.arguments[0]?.value === "string" ? node.arguments[0].value : undefined;
}

/** The framework of the app that an expression makes: `new Hono().basePath("/a")`. */
function framework(node, names) {
  for (let next = node; next;) {
    if (next.type === "AwaitExpression") next = next.argument;
    else if (next.type === "NewExpression" || next.type === "CallExpression") {
      const made = frameworkOf(next.callee, next.type === "NewExpression", names);
      if (made) return made;
      next = next.callee.type === "MemberExpression" ? next.callee.object : undefined;
    } else return undefined;
  }
  return undefined;
}

function frameworkOf(callee, isNew, names) {
  let [from, name] = names.get(callee.name) ?? [];
  if (callee.type === "MemberExpression" && !callee.computed) {
    [from, name] = names.get(callee.object.name) ?? [];
    if (name === "*" || name === "default") name = callee.property.name;
  }
  if (from === undefined) {
    const direct = required(callee);
    if (direct === undefined) return undefined;
    [from, name] = [direct, "*"];
  }
  const fits = (kind) => kind === "any" || (kind === "new") === isNew;
  return FRAMEWORKS.find(([module_, names_, , kind]) => module_.test(from) && names_.test(name) && fits(kind))?.[2];
}

/** The apps of a module: what it exports, or what it starts. */
function apps({ file, tree, line, names }) {
  const made = new Map();
  for (const node of tree.body) {
    const declaration = node.type === "ExportNamedDeclaration" ? node.declaration : node;
    if (declaration?.type !== "VariableDeclaration") continue;
    for (const { id, init } of declaration.declarations) {
      const found = init && framework(init, names);
      if (found && id.type === "Identifier") made.set(id.name, { framework: found, line: line(init) });
    }
  }
  const startsNatively = [...names.values()].some(([from, name]) => NATIVE_START.test(from) && name === "serve");
  const found = [];
  const add = (name, of, rank_) => {
    if (found.some((one) => one.line === of.line && one.framework === of.framework)) return;
    found.push({ app: name ? `${file}:${name}` : file, framework: of.framework, file, line: of.line, rank: rank_ });
  };
  for (const node of tree.body) {
    if (node.type === "ExportDefaultDeclaration") {
      const of = exported(node.declaration, made, names, line);
      if (of) add("", of, of.rank ?? 0);
    } else if (node.type === "ExportNamedDeclaration") {
      for (const [local, name] of exportedNames(node)) {
        if (name === "default" && made.has(local)) add("", made.get(local), 0);
        else if (made.has(local)) add(name === "app" ? "" : name, made.get(local), 1);
      }
    } else if (node.type === "ExpressionStatement") {
      const local = commonExport(node.expression);
      if (local !== undefined) {
        const of = local.type === "Identifier" ? made.get(local.name) : exported(local, made, names, line);
        if (of) add("", of, 0);
      }
    }
  }
  if (found.length === 0) {
    for (const [local, of] of made) if (!startsNatively && listens(tree, local)) add("", of, 2);
  }
  return found;
}

function exported(node, made, names, line) {
  if (node.type === "Identifier") return made.get(node.name);
  if (node.type === "CallExpression" && names.get(node.callee.name)?.[0] === "funcserver") {
    return exported(node.arguments[0] ?? {}, made, names, line) ?? { framework: "fetch", line: line(node) };
  }
  const found = framework(node, names);
  if (found) return { framework: found, line: line(node) };
  if (node.type === "ObjectExpression") {
    const fetch = node.properties.find(({ key }) => key?.name === "fetch" || key?.value === "fetch");
    if (!fetch) return undefined;
    const owner = fetch.value.type === "MemberExpression" ? made.get(fetch.value.object.name) : undefined;
    return owner ?? { framework: "fetch", line: line(node) };
  }
  return undefined;
}

function exportedNames({ declaration, specifiers }) {
  if (declaration?.type === "VariableDeclaration") {
    return declaration.declarations.filter(({ id }) => id.type === "Identifier").map(({ id }) => [id.name, id.name]);
  }
  return specifiers.map(({ local, exported: name }) => [local.name, name.name ?? name.value]);
}

/** What `module.exports = …` exports. */
function commonExport(node) {
  if (node.type !== "AssignmentExpression" || node.left.type !== "MemberExpression") return undefined;
  const { object, property } = node.left;
  return object.name === "module" && property.name === "exports" ? node.right : undefined;
}

/** Whether `app.listen(…)` is called anywhere. */
function listens(tree, local) {
  for (const [node] of walk(tree)) {
    if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression") continue;
    const { object, property } = node.callee;
    if (property.name === "listen" && object.name === local) return true;
    // `http.createServer(app).listen(…)`.
    if (node.arguments.some((one) => one.name === local) && property.name === "createServer") return true;
  }
  return false;
}

/** All nodes of a module, each with whether it is evaluated at the import, and the node that it is in. */
function* walk(tree) {
  const waiting = [[tree, true, undefined]];
  while (waiting.length > 0) {
    const [node, atImport, parent] = waiting.pop();
    yield [node, atImport, parent];
    const isCalledAtOnce = parent?.type === "CallExpression" && parent.callee === node;
    const inside = /Function/.test(node.type) && !isCalledAtOnce ? false : atImport;
    const children = [];
    for (const name in node) {
      const value = node[name];
      for (const one of Array.isArray(value) ? value : [value]) {
        const isField = node.type === "PropertyDefinition" && name === "value" && !node.static;
        if (one && typeof one.type === "string") children.push([one, inside && !isField, node]);
      }
    }
    waiting.push(...children.reverse());
  }
}

const RANDOM =
  /^(?:Math\.random|(?:globalThis\.)?crypto\.(?:random\w+|getRandomValues)|nanoid|randomUUID|randomBytes)$/;
const CLOCK = /^(?:Date\.now|performance\.now)$/;

function* reads(module_) {
  const seen = new Set();
  for (const [node, atImport, parent] of walk(module_.tree)) {
    const read = readOf(node, parent, module_);
    if (!read) continue;
    const line = module_.line(node);
    const mark = `${line} ${read.what} ${read.name}`;
    if (seen.has(mark)) continue;
    seen.add(mark);
    yield {
      kind: read.kind,
      what: read.what,
      file: module_.file,
      line,
      name: read.name ?? null,
      required: Boolean(read.required),
      at_import: atImport,
    };
  }
}

function readOf(node, parent, { code, names }) {
  const text = () => code.slice(node.start, node.end).split("\n")[0].slice(0, 80);
  if (node.type === "CallExpression") {
    const called = code.slice(node.callee.start, node.callee.end);
    const isOwn = node.callee.type === "Identifier" && !names.has(node.callee.name);
    if (RANDOM.test(called) && !isOwn) return { kind: "random", what: text() };
    if (CLOCK.test(called)) return { kind: "clock", what: text() };
    if (called === "dotenv.config") return { kind: "environment", what: text() };
  }
  if (node.type === "NewExpression" && node.callee.name === "Date" && node.arguments.length === 0) {
    return { kind: "clock", what: text() };
  }
  if (node.type === "MemberExpression" && isEnvironment(node.object)) {
    const name = node.computed ? node.property.value : node.property.name;
    if (typeof name !== "string" || name === "NODE_ENV") return undefined;
    const isSet = parent?.type === "AssignmentExpression" && parent.left === node;
    return isSet ? undefined : { kind: "environment", what: text(), name, required: isRequired(node, parent) };
  }
  // `const { A, B = "b" } = process.env`.
  if (node.type === "Property" && node.environment) return node.environment;
  if (node.type === "VariableDeclarator" && node.id.type === "ObjectPattern" && isEnvironment(node.init)) {
    for (const property of node.id.properties) {
      const name = property.key?.name;
      if (!name) continue;
      const required = property.value.type !== "AssignmentPattern";
      property.environment = { kind: "environment", what: `process.env.${name}`, name, required };
    }
  }
  return undefined;
}

const isEnvironment = (node) =>
  node?.type === "MemberExpression" &&
  ((node.object.name === "process" && node.property.name === "env") ||
    (node.object.type === "MetaProperty" && node.property.name === "env"));

/** Whether nothing stands in for the variable: no `?? "…"`, `|| "…"`, comparison or condition. */
function isRequired(node, parent) {
  if (parent?.type === "LogicalExpression") return false;
  if (parent?.type === "ConditionalExpression" || parent?.type === "IfStatement" || parent?.type === "UnaryExpression")
    return false;
  if (parent?.type === "BinaryExpression" || parent?.type === "ChainExpression") return false;
  return !(parent?.type === "MemberExpression" && parent.optional);
}
