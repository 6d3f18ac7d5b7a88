import assert from "node:assert/strict";
import { test } from "node:test";

import { find } from "../../build/find.js";
import { project } from "./project.js";

test("apps are found by what they are made of, and routers are none", (t) => {
  const folder = project(t, {
    "src/app.ts":
      "import { Hono } from 'hono';\nimport { api } from './api';\nconst app: Hono = new Hono().basePath('/x');\n" +
      "app.route('/', api);\nexport default app;",
    "src/api.ts": "import { Hono } from 'hono';\nexport const api = new Hono();",
    "src/app.test.ts": "import { Hono } from 'hono';\nexport default new Hono();",
    "server.js": "const express = require('express');\nconst app = express();\napp.listen(3000);",
    "worker.mjs": "export default { fetch(request) { return new Response('a'); } };",
    "broken.js": "export default {",
  });
  assert.deepEqual(
    find(folder).apps.map(({ app, framework, line }) => [app, framework, line]),
    [
      ["worker.mjs", "fetch", 1],
      ["src/app.ts", "hono", 3],
      ["server.js", "express", 2],
    ],
  );
});

test("reads are found, with what happens without them", (t) => {
  const folder = project(t, {
    "a.ts": `
export const key: string = process.env.KEY!;
export const port = process.env.PORT ?? "80";
const { NAME, MODE = "x" } = process.env;
process.env.SET = "1";
export const id = crypto.randomUUID();
export const now = () => Date.now();
if (process.env.NODE_ENV === "production") {}
`,
  });
  assert.deepEqual(
    find(folder).reads.map(({ kind, name, line, required, at_import }) => [kind, name, line, required, at_import]),
    [
      ["environment", "KEY", 2, true, true],
      ["environment", "PORT", 3, false, true],
      ["environment", "NAME", 4, true, true],
      ["environment", "MODE", 4, false, true],
      ["random", null, 6, false, true],
      ["clock", null, 7, false, false],
    ],
  );
});
