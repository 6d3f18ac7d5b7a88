import assert from "node:assert/strict";
import { test } from "node:test";

import { checkTypes } from "../../build/types.js";
import { project } from "./project.js";

const TSC = "node_modules/typescript/bin/tsc";

test("types are checked where a project has TypeScript and its settings", async (t) => {
  assert.equal(checkTypes(project(t, { "tsconfig.json": "{}" })), undefined);
  assert.equal(checkTypes(project(t, { [TSC]: "process.exit(1)" })), undefined);
  const program = "process.exit(process.argv[2] === '--noEmit' ? 0 : 1)";
  await checkTypes(project(t, { "tsconfig.json": "{}", [TSC]: program }));
});

test("the first error of types is the error, and the others are shown", async (t) => {
  const said = "src/a.ts(3,7): error TS2322: Type 'number' is not assignable.\\nsrc/b.ts(1,1): error TS1: Other.\\n";
  const folder = project(t, { "tsconfig.json": "{}", [TSC]: `process.stdout.write("${said}"); process.exitCode = 2;` });
  await assert.rejects(checkTypes(folder), {
    message: "the types do not fit: src/a.ts:3: error TS2322: Type 'number' is not assignable.",
    details: "src/b.ts(1,1): error TS1: Other.",
  });
});
