// Variables, randomness and the clock: what an instance reads, and what is noted while the component is made.
import assert from "node:assert/strict";
import test from "node:test";

import { start } from "./component.js";

const brief = ({ reads }) => reads.map(({ kind, name, granted }) => [kind, name, granted]);
const ANSWER = `export default () => new Response("");`;

test("a handler reads the instance's variables, and no read is noted", async (t) => {
  const app = await start(
    t,
    `export default (request, env) => Response.json([process.env.WORD, env.WORD,
    process.env.NONE ?? null, "WORD" in process.env, Object.keys(process.env), { ...process.env },
      process.env.toString === undefined]);`,
    { granted: ["WORD"], variables: { WORD: "Grüße" } },
  );
  const found = ["Grüße", "Grüße", null, true, ["WORD"], { WORD: "Grüße" }, false];
  assert.deepEqual((await app.request("GET", "/")).json(), found);
  assert.deepEqual(app.reads, []);
});

test("variables that are read at import are noted, with whether they are granted", async (t) => {
  const read = {
    "process.env.KEY": [["environment", "KEY", true]],
    'process.env["OTHER"]': [["environment", "OTHER", false]],
    "(({ KEY, OTHER }) => {})(process.env)": [
      ["environment", "KEY", true],
      ["environment", "OTHER", false],
    ],
    '"KEY" in process.env': [["environment", "KEY", true]],
    "Object.assign({}, process.env)": [["environment", "KEY", true]],
    "process.env.SET = 3, process.env.SET": [],
    "process.env.NODE_ENV": [],
  };
  for (const [source, expected] of Object.entries(read)) {
    const app = await start(t, `globalThis.kept = (${source}); ${ANSWER}`, {
      granted: ["KEY"],
      variables: { KEY: "k" },
    });
    assert.deepEqual(brief(app), expected, source);
  }
});

test("randomness and the clock at import are noted with their place", async (t) => {
  const draws = {
    "Math.random()": ["randomness", "Math.random()", false],
    "crypto.randomUUID()": ["randomness", "crypto.randomUUID()", false],
    "crypto.getRandomValues(new Uint8Array(4))": ["randomness", "crypto.getRandomValues()", false],
    "randomBytes(4)": ["randomness", "crypto.getRandomValues()", false],
    "randomInt(4)": ["randomness", "crypto.getRandomValues()", false],
    "randomUUID()": ["randomness", "crypto.randomUUID()", false],
    "Date.now()": ["clock", "Date.now()", false],
    "new Date()": ["clock", "new Date()", false],
  };
  for (const [source, expected] of Object.entries(draws)) {
    const app = await start(
      t,
      `import { randomBytes, randomInt, randomUUID } from "node:crypto";
      globalThis.kept = ${source}; ${ANSWER}`,
    );
    assert.deepEqual(brief(app), [expected], source);
    assert.match(app.reads[0].stack, /bundle\.mjs:\d+:\d+/);
  }
  assert.deepEqual(brief(await start(t, `globalThis.kept = new Date(0); ${ANSWER}`)), []);
});

test("an instance draws and reads the clock itself, imported at build or at start", async (t) => {
  const source = `import { randomBytes } from "node:crypto";
    export default () => Response.json([Math.random(), crypto.randomUUID(), randomBytes(70_000).toString("hex"),
      Date.now(), new Date() instanceof Date, new Date(0).toISOString()]);`;
  for (const at of ["build", "start"]) {
    const app = await start(t, source, { import: at });
    const [first, second] = [(await app.request("GET", "/")).json(), (await app.request("GET", "/")).json()];
    for (const place of [0, 1, 2]) assert.notEqual(first[place], second[place]);
    assert.equal(first[2].length, 140_000);
    assert.ok(Math.abs(first[3] - Date.now()) < 60_000);
    assert.deepEqual(first.slice(4), [true, "1970-01-01T00:00:00.000Z"]);
  }
});

test("variables that a handler sets or deletes stay so, though the host is asked later", async (t) => {
  const app = await start(
    t,
    `process.env.BUILT = "b"; export default () => {
    process.env.SET = "own"; delete process.env.GONE;
    const { env } = process;
    return Response.json([env.SET, env.BUILT, "GONE" in env, Object.hasOwn(env, "KEPT"), Object.keys(env).sort()]); };`,
    { granted: ["SET", "GONE", "KEPT", "BUILT"], variables: { SET: "host", GONE: "g", KEPT: "k", BUILT: "host" } },
  );
  const found = (await app.request("GET", "/")).json();
  assert.deepEqual(found.slice(0, 4), ["own", "b", false, true]);
  for (const [name, isThere] of [["SET", true], ["GONE", false], ["KEPT", true]]) {
    assert.equal(found[4].includes(name), isThere, name);
  }
});

test("an app that is imported at start reads its variables then", async (t) => {
  const app = await start(t, `const word = process.env.WORD; export default () => new Response(word);`, {
    import: "start",
    granted: ["WORD"],
    variables: { WORD: "start" },
  });
  assert.equal((await app.request("GET", "/")).text, "start");
  assert.deepEqual(app.reads, []);
});
