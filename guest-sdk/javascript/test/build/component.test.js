// Real components. Each takes the engine some seconds.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { builder, project, sentence } from "./project.js";

const COMPONENT = Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);

test("an app that is imported at build becomes a component, with its files", async (t) => {
  const folder = project(t, {
    "app.js": `
      import { readFileSync } from "node:fs";
      console.log("read at build:", readFileSync("note.txt", "utf8"));
      export default { fetch: () => new Response(process.env.NOT_GRANTED ?? "none") };
    `,
    "note.txt": "a note",
  });
  const end = await builder(folder, "app.js", "--output", "out/handler.wasm");
  assert.equal(end.status, 0, end.stderr);
  assert.match(end.stderr, /^ {4}read at build: a note$/m);
  assert.deepEqual(readFileSync(join(folder, "out/handler.wasm")).subarray(0, 8), COMPONENT);
  assert.deepEqual(readdirSync(join(folder, "out")), ["handler.wasm"]);
});

const REFUSED = {
  "a granted variable": [
    "\nexport const key = process.env.KEY;\nexport default () => new Response();",
    /^error: app\.js:2 reads process\.env\.KEY while it is imported.*component\.import = "start".*onStart/,
  ],
  randomness: [
    "\n\nexport const id = Math.random();\nexport default () => new Response();",
    /^error: app\.js:3 draws random values with Math\.random\(\) while it is imported/,
  ],
  "an exception": [
    "function stock() {\n  throw new TypeError('no stock');\n}\nstock();",
    /^error: app\.js cannot be imported: TypeError: no stock \(app\.js:2\)$/,
  ],
  "no app": ["export const other = 1;", /^error: component\.app names app\.js, but .*exports no app/],
};
for (const [what, [text, said]] of Object.entries(REFUSED)) {
  test(`${what} at the top of a module is refused in one line`, async (t) => {
    const folder = project(t, { "app.js": text });
    const end = await builder(folder, "app.js", "--output", "handler.wasm", "--granted", "KEY");
    assert.equal(end.status, 1);
    assert.match(sentence(end), said);
    assert.ok(!existsSync(join(folder, "handler.wasm")));
  });
}

test("an interrupted build leaves nothing behind", { skip: process.platform === "win32" }, async (t) => {
  const folder = project(t, { "app.js": "export default () => new Response();" });
  const temporary = mkdtempSync(join(tmpdir(), "funcserver-test-"));
  t.after(() => rmSync(temporary, { recursive: true, force: true }));
  const main = fileURLToPath(new URL("../../build/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "app.js", "--output", "handler.wasm"], {
    cwd: folder,
    env: { ...process.env, TMPDIR: temporary },
    stdio: "ignore",
  });
  const ended = new Promise((resolved) => child.on("close", resolved));
  const wizer = () => readdirSync(temporary, { recursive: true }).find((path) => path.endsWith("wizer.pid"));
  while (!wizer() && child.exitCode === null) await new Promise((resolved) => setTimeout(resolved, 20));
  const number = Number(readFileSync(join(temporary, wizer()), "utf8"));
  child.kill("SIGTERM");
  assert.equal(await ended, 1);
  assert.deepEqual(readdirSync(temporary), []);
  assert.deepEqual(readdirSync(folder), ["app.js"]);
  // A process that was killed may need a moment to be gone.
  const isThere = () => {
    try {
      process.kill(number, 0);
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${number}/status`, "utf8"));
    } catch {
      return false;
    }
  };
  for (let turn = 0; turn < 100 && isThere(); turn++) await new Promise((resolved) => setTimeout(resolved, 50));
  assert.ok(!isThere());
});

test("an app that uses crypto.subtle is imported at build", async (t) => {
  const folder = project(t, {
    "app.js": `export default async () => {
      const key = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
      return Response.json(await crypto.subtle.exportKey("jwk", key.publicKey));
    };`,
  });
  const end = await builder(folder, "app.js", "--output", "handler.wasm");
  assert.equal(end.status, 0, end.stderr);
});
