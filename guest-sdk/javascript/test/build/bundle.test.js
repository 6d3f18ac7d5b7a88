// The bundle for development, which is evaluated here by Node.js itself.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { builder, project, sentence } from "./project.js";

/** The namespace of the app of a bundle. */
async function evaluated(folder) {
  const text = readFileSync(join(folder, "out/bundle.js"), "utf8");
  (0, eval)(text);
  const load = globalThis.FUNCSERVER_APP;
  delete globalThis.FUNCSERVER_APP;
  return load();
}

async function bundled(t, files, app = "src/app.ts") {
  const folder = project(t, files);
  const end = await builder(folder, app, "--bundle", "out");
  assert.equal(end.status, 0, end.stderr);
  return evaluated(folder);
}

test("modules of all kinds are in one bundle", async (t) => {
  const found = await bundled(t, {
    "src/app.ts": `
      import first, { second } from "./common.cjs";
      import data from "./data.json";
      import text from "./page.html";
      import { View } from "./view";
      import { format } from "util";
      const later = await import("./later.mjs");
      enum Level { Low = 1 }
      const view = View({ name: "a" });
      export default { first, second, data, text, view, format, later: later.value, level: Level.Low };
    `,
    "src/common.cjs":
      "module.exports = { first: 1 }; exports = module.exports; exports.second = require('./data.json').list[1];",
    "src/data.json": '{"list": [1, 2]}',
    "src/page.html": "<p>é</p>",
    "src/later.mjs": "export const value = await Promise.resolve('late');",
    "src/view.tsx":
      "/** @jsx h */ const h = (name: string, p: object, ...c: unknown[]) => [name, c];\n" +
      "export const View = ({ name }: { name: string }) => <b>{name}</b>;",
  });
  const { format, ...plain } = found.default;
  assert.deepEqual(plain, {
    first: { first: 1, second: 2 },
    second: 2,
    data: { list: [1, 2] },
    text: "<p>é</p>",
    view: ["b", ["a"]],
    later: "late",
    level: 1,
  });
  assert.equal(format("%s", "x"), "x");
});

test("a module knows its place", async (t) => {
  const found = await bundled(t, {
    "src/app.ts": `
        import { fileURLToPath } from "node:url";
        import common from "./deep/common.cjs";
        const file = fileURLToPath(new URL("./a b.txt", import.meta.url));
        export default [import.meta.url, import.meta.dirname, file, common];
      `,
    "src/deep/common.cjs": "module.exports = [__dirname, __filename];",
  });
  assert.deepEqual(found.default, [
    "file:///app/src/app.ts",
    "/app/src",
    "/app/src/a b.txt",
    ["/app/src/deep", "/app/src/deep/common.cjs"],
  ]);
});

test("no pattern needs the data of Unicode", async (t) => {
  const folder = project(t, {
    "app.js": `
      export const letters = /^\\p{L}+$/u;
      export const sets = /^[\\p{Lu}--[A-C]]$/v;
      export const made = new RegExp("^\\\\p{Script=Greek}$", "u");
      export const plain = /^p\\{L}$/;
      export const text = "\\\\p{L}";
    `,
  });
  assert.equal((await builder(folder, "app.js", "--bundle", "out")).status, 0);
  const found = await evaluated(folder);
  for (const pattern of [found.letters, found.sets, found.made]) assert.doesNotMatch(pattern.source, /\\p/);
  assert.ok(found.letters.test("été") && !found.letters.test("a1"));
  assert.ok(found.sets.test("D") && found.sets.test("É") && !found.sets.test("A"));
  assert.ok(found.made.test("λ") && !found.made.test("l"));
  assert.ok(found.plain.test("p{L}"));
  assert.equal(found.text, "\\p{L}");
});

test("a package's branch for browsers or workers is taken", async (t) => {
  const found = await bundled(
    t,
    {
      "app.js": "export { which } from 'branches'; export { old } from 'field';",
      "node_modules/branches/package.json":
        '{"name":"branches","exports":{"node":"./node.js","worker":"./worker.js","default":"./other.js"}}',
      "node_modules/branches/node.js": "export const which = 'node';",
      "node_modules/branches/worker.js": "export const which = 'worker';",
      "node_modules/branches/other.js": "export const which = 'other';",
      "node_modules/field/package.json": '{"name":"field","main":"./main.js","browser":"./browser.js"}',
      "node_modules/field/main.js": "exports.old = 'main';",
      "node_modules/field/browser.js": "exports.old = 'browser';",
    },
    "app.js",
  );
  assert.deepEqual({ ...found }, { which: "worker", old: "browser" });
});

test("what a package may do without is missed when it is used", async (t) => {
  const found = await bundled(
    t,
    {
      "app.js": "export { optional, lazy } from 'careful';",
      "node_modules/careful/package.json": '{"name":"careful"}',
      "node_modules/careful/index.js": `
        try { require("not-there"); exports.optional = true; } catch { exports.optional = false; }
        exports.lazy = () => require("not-there-either");
      `,
    },
    "app.js",
  );
  assert.equal(found.optional, false);
  assert.throws(() => found.lazy(), /node_modules\/careful\/index\.js needs not-there-either, which is not installed/);
});

test("a module of Node.js that a component lacks says so when it is used", async (t) => {
  const found = await bundled(
    t,
    {
      "app.js":
        "import cluster, { fork } from 'node:cluster';\n" +
        "import { Worker } from 'worker_threads';\nexport { fork, Worker, cluster };",
    },
    "app.js",
  );
  assert.throws(() => found.fork(), /processes cannot be started in a component/);
  assert.throws(() => new found.Worker("a.js"), /threads cannot be started in a component/);
});

test("packages of the AWS SDK are those for servers, and what is not used is left out", async (t) => {
  const exports = {
    "./node": "./dist-cjs/index.js",
    "./serde": { browser: "./dist-es/serde.browser.js", import: "./dist-es/serde.js" },
    "./client": { browser: "./dist-es/client-web.js", import: "./dist-es/client.js" },
  };
  const folder = project(t, {
    "app.js": `
      import { config } from "@aws-sdk/client-shop";
      import { serde } from "@smithy/core/serde";
      import { client } from "@smithy/core/client";
      import { config as other } from "other";
      export default [config, serde, client, other];`,
    "node_modules/@aws-sdk/client-shop/package.json": JSON.stringify({
      name: "@aws-sdk/client-shop",
      main: "./dist-cjs/index.js",
      module: "./dist-es/index.js",
      browser: { "./dist-es/runtimeConfig": "./dist-es/runtimeConfig.browser", "./dist-es/gone": "./dist-es/index" },
      sideEffects: false,
    }),
    "node_modules/@aws-sdk/client-shop/dist-cjs/index.js": "throw new Error('the module for Node.js is not this one');",
    "node_modules/@aws-sdk/client-shop/dist-es/index.js":
      'export { config } from "./runtimeConfig"; export { unused } from "./unused";',
    "node_modules/@aws-sdk/client-shop/dist-es/runtimeConfig.js": 'export const config = "config of servers";',
    "node_modules/@aws-sdk/client-shop/dist-es/runtimeConfig.browser.js": 'export const config = "config of browsers";',
    "node_modules/@aws-sdk/client-shop/dist-es/unused.js": 'export const unused = "nobody uses this";',
    "node_modules/@smithy/core/package.json": JSON.stringify({
      name: "@smithy/core",
      browser: { "./dist-es/client.js": "./dist-es/client-web.js" },
      exports,
    }),
    "node_modules/@smithy/core/dist-es/serde.js": 'export const serde = "serde of servers";',
    "node_modules/@smithy/core/dist-es/serde.browser.js": 'export const serde = "serde of browsers";',
    "node_modules/@smithy/core/dist-es/client.js":
      'import { part } from "./client-web"; export const client = `client of servers with ${part}`;',
    "node_modules/@smithy/core/dist-es/client-web.js":
      'export const client = "client of browsers"; export const part = "a part";',
    "node_modules/other/package.json": '{"name":"other","module":"index.js","browser":{"./index.js":"./index.browser.js"}}',
    "node_modules/other/index.js": 'export const config = "other of servers";',
    "node_modules/other/index.browser.js": 'export const config = "other of browsers";',
  });
  const end = await builder(folder, "app.js", "--bundle", "out");
  assert.equal(end.status, 0, end.stderr);
  assert.deepEqual((await evaluated(folder)).default, [
    "config of servers",
    "serde of servers",
    "client of servers with a part",
    "other of browsers",
  ]);
  assert.doesNotMatch(readFileSync(join(folder, "out/bundle.js"), "utf8"), /nobody uses this/);
});

test("the files that the app may read are beside the bundle, and no others", async (t) => {
  const folder = project(t, {
    "src/app.js": "export default 1;",
    "views/a.html": "a",
    "static/site.js": "alert(1);",
    ".env": "SECRET=1",
    "node_modules/a/index.js": "",
    "package-lock.json": "{}",
    "data.sqlite": "SQLite format 3\0rest",
    "old.zip": "zip",
  });
  symlinkSync("/etc/hostname", join(folder, "outside"));
  const end = await builder(folder, "src/app.js", "--bundle", "../" + folder.split("/").pop() + "/.out");
  assert.equal(end.status, 0, end.stderr);
  const files = () =>
    readdirSync(join(folder, ".out"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 6))
      .sort();
  assert.deepEqual(files(), ["bundle.js", "static/site.js", "views/a.html"]);
  assert.match(end.stderr, /warning: outside is left out/);
  assert.match(end.stderr, /warning: data\.sqlite is left out/);
  writeFileSync(join(folder, "views/b.html"), "b");
  const { unlinkSync } = await import("node:fs");
  unlinkSync(join(folder, "views/a.html"));
  assert.equal((await builder(folder, "src/app.js", "--bundle", ".out")).status, 0);
  assert.deepEqual(files(), ["bundle.js", "static/site.js", "views/b.html"]);
});

test("a stack has the places of the sources", async (t) => {
  const folder = project(t, {
    "src/app.ts": "\n\nexport const where = (): string => {\n  return new Error('x').stack!;\n};\n",
  });
  assert.equal((await builder(folder, "src/app.ts", "--bundle", "out")).status, 0);
  const text = readFileSync(join(folder, "out/bundle.js"), "utf8");
  const found = await evaluated(folder);
  const [, line, column] = /bundle\.js:(\d+):(\d+)/.exec(found.where());
  const { originalPositionFor, TraceMap } = await import("@jridgewell/trace-mapping");
  const map = Buffer.from(/base64,(\S+)\s*$/.exec(text)[1], "base64").toString();
  const { source, line: row } = originalPositionFor(new TraceMap(map), {
    line: Number(line),
    column: Number(column) - 1,
  });
  assert.deepEqual([source, row], ["src/app.ts", 4]);
});

const REFUSED = {
  "a package that is not installed": [
    { "app.js": "\nimport zod from 'zod/v4';" },
    /^error: app\.js:2: app\.js needs zod\/v4, which is not installed: run npm install zod$/,
  ],
  "a file that is not there": [
    { "app.js": "const a = require('./nothing');" },
    /^error: app\.js:1: app\.js needs \.\/nothing, and there is no such file$/,
  ],
  "an error of syntax": [{ "app.js": "\n\nexport default {" }, /^error: app\.js:\d: /],
  "a package with node-gyp": [
    {
      "app.js": "import bcrypt from 'bcrypt';",
      "node_modules/bcrypt/package.json": '{"name":"bcrypt","version":"5.1.1","main":"bcrypt.js"}',
      "node_modules/bcrypt/bcrypt.js": "",
    },
    /bcrypt 5\.1\.1, which app\.js imports, has native code .*: use bcryptjs instead$/,
  ],
  "a package of a name that nobody knows, with node-gyp": [
    {
      "app.js": "import own from 'own';",
      "node_modules/own/package.json": '{"name":"own","version":"1.0.0","dependencies":{"node-gyp-build":"^4"}}',
      "node_modules/own/index.js": "",
    },
    /own 1\.0\.0, which app\.js imports, has native code .*: use a package in JavaScript instead/,
  ],
  "a native add-on": [
    { "app.js": "require('./build/a.node');", "build/a.node": "" },
    /\.\/build\/a\.node is a native add-on/,
  ],
};
for (const [what, [files, said]] of Object.entries(REFUSED)) {
  test(`${what} is refused in one line`, async (t) => {
    const folder = project(t, files);
    const end = await builder(folder, "app.js", "--bundle", "out");
    assert.equal(end.status, 1);
    assert.match(sentence(end), said);
    assert.ok(!existsSync(join(folder, "out/bundle.js")));
  });
}

test("a missing app's file is answered with those that are there", async (t) => {
  const folder = project(t, { "src/index.ts": "", "src/app.test.ts": "", "vite.config.ts": "" });
  const end = await builder(folder, "app.ts", "--bundle", "out");
  assert.match(sentence(end), /there is no app\.ts in .*: did you mean src\/index\.ts/);
  assert.match(sentence(await builder(folder, "shop:app", "--bundle", "out")), /it must be the path of a module/);
  assert.equal((await builder(folder, "app.ts")).status, 2);
});

test("the key does not depend on the app", async (t) => {
  const [one, other] = [project(t, { "app.js": "1" }), project(t, { "app.js": "2" })];
  const keys = await Promise.all([one, other].map((folder) => builder(folder, "app.js", "--key")));
  assert.match(keys[0].stdout, /^[0-9a-f]{64}\n$/);
  assert.equal(keys[0].stdout, keys[1].stdout);
  assert.notEqual((await builder(one, "app.js", "--key", "--granted", "A")).stdout, keys[0].stdout);
});

test("an app has sockets if one of its modules connects, and not if it only looks at addresses", async (t) => {
  const folder = project(t, {
    "plain.js": "import net from 'node:net'; export default () => new Response(String(net.isIP('::1')));",
    "app.js": "import client from 'client'; export default () => new Response(String(client));",
    "node_modules/client/package.json": '{"name":"client","main":"index.js"}',
    "node_modules/client/index.js":
      "'use strict'; const net = require('net'); module.exports = () => { setTimeout(() => {}, 5); net.connect(1); };",
  });
  const textOf = async (app, out) => {
    const end = await builder(folder, app, "--bundle", out);
    assert.equal(end.status, 0, end.stderr);
    return readFileSync(join(folder, out, "bundle.js"), "utf8");
  };
  const [plain, connecting] = [await textOf("plain.js", "plain"), await textOf("app.js", "connecting")];
  assert.ok(!plain.includes("finishConnect"));
  assert.ok(connecting.includes("finishConnect"));
  assert.match(connecting, /var setTimeout\w* = globalThis\[.*\]\.quietTimeout/);
});

/** A compiler that writes what it is asked for, as TypeScript does. */
const TSC = `
  const { mkdirSync, writeFileSync } = require("node:fs");
  const at = (name) => process.argv[process.argv.indexOf(name) + 1];
  if (at("--target") !== "es2022" || at("--project") !== process.cwd()) process.exit(1);
  mkdirSync(at("--outDir") + "/src", { recursive: true });
  const map = { version: 3, sources: ["../../elsewhere/app.ts"], names: [], mappings: "AAAA;AAEA" };
  const encoded = Buffer.from(JSON.stringify(map)).toString("base64");
  writeFileSync(at("--outDir") + "/src/app.js", "const said = 'by the compiler';\\nexport const compiled = () => " +
    "[said, new Error('x')];\\n//# sourceMappingURL=data:application/json;base64," + encoded + "\\n");
`;
test("modules with decorators are compiled by the project's TypeScript if it is to write their types", async (t) => {
  const files = {
    "src/app.ts": "@decorate\nexport class Shop {}\nexport const compiled = () => ['by esbuild'];",
    "tsconfig.json": '{ "extends": "./base.json" }',
    "base.json": '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }',
  };
  const folder = project(t, files);
  const missing = await builder(folder, "src/app.ts", "--bundle", "out");
  assert.match(sentence(missing), /emitDecoratorMetadata.*not installed: run npm install --save-dev typescript$/);
  const { compiled } = await bundled(t, { ...files, "node_modules/typescript/bin/tsc": TSC });
  assert.equal(compiled()[0], "by the compiler");
  const plain = { ...files, "base.json": "{}", "src/app.ts": "export const compiled = () => ['by esbuild'];" };
  assert.deepEqual((await bundled(t, { ...plain, "node_modules/typescript/bin/tsc": TSC })).compiled(), ["by esbuild"]);
});
