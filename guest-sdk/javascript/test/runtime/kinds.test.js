// Each kind of app answers.
import assert from "node:assert/strict";
import test from "node:test";

import { start } from "./component.js";

const LISTENER = `(request, response) => { response.setHeader("x-kind", "node"); response.end("to " + request.url); }`;
const EXPRESS_LIKE = `
import http from "node:http";
function app(request, response) { response.end("to " + request.url); }
app.use = () => app;
app.listen = (...values) => http.createServer(app).listen(...values);
`;
const APPS = {
  "an object with fetch": `export default { fetch: (request) => new Response("to " + new URL(request.url).pathname) };`,
  "a method that needs its object": `export default new (class {
    word = "to "; fetch(request) { return new Response(this.word + new URL(request.url).pathname); } })();`,
  "a function": `export default (request) => new Response("to " + new URL(request.url).pathname);`,
  "an async function with env and context": `export default async (request, env, context) => {
    context.waitUntil(Promise.resolve()); return new Response("to " + new URL(request.url).pathname); };`,
  "an export named app": `export const app = { fetch: (request) =>
    new Response("to " + new URL(request.url).pathname) };`,
  "an export named fetch": `export function fetch(request) { return new Response("to " + new URL(
    request.url).pathname); }`,
  "what serve returns": `import { serve } from "funcserver";
    export default serve((request) => new Response("to " + new URL(request.url).pathname));`,
  "a listener of node:http": `import "node:http"; export default ${LISTENER};`,
  "a server that listens": `import { createServer } from "node:http"; createServer(${LISTENER}).listen(8080);`,
  "a server that is exported": `import { createServer } from "node:http"; export default createServer(${LISTENER});`,
  "a server with on(request)": `import http from "node:http";
    const server = http.createServer(); server.on("request", ${LISTENER}); server.listen({ port: 80 });`,
  "app.listen as of Express": `${EXPRESS_LIKE} app.listen(3000, () => console.log("listens"));`,
  "an app as of Express that is exported": `${EXPRESS_LIKE} export default app;`,
  "an app as of Koa": `import "node:http"; export default { use() {}, callback: () => ${LISTENER} };`,
  CommonJS: `const http = require("node:http"); module.exports = http.createServer(${LISTENER});`,
};

for (const at of ["build", "start"]) {
  for (const [what, source] of Object.entries(APPS)) {
    test(`${what}, imported at ${at}`, async (t) => {
      const app = await start(t, source, { import: at });
      for (const target of ["/first", "/second"]) {
        const answer = await app.request("GET", target);
        assert.deepEqual([answer.status, answer.text, answer.finished], [200, `to ${target}`, true]);
        assert.deepEqual(answer.errors, []);
      }
    });
  }
}

test("an app can be named", async (t) => {
  const files = {
    "app.js": `export default () => new Response("default"); export const shop = () => new Response("shop");`,
  };
  const app = await start(t, files, { app: "app.js:shop" });
  assert.equal((await app.request("GET", "/")).text, "shop");
});

test("a module without an app is said to the builder", async (t) => {
  const { events } = await start(t, `export const price = 3;`);
  const unfit = events.find(({ event }) => event === "unfit");
  assert.match(unfit.message, /app\.js exports no app: it exports price/);
});

for (const at of ["build", "start"]) {
  test(`a server that an async function starts, with the import at ${at}`, async (t) => {
    const app = await start(
      t,
      `import { createServer } from "node:http";
      async function bootstrap() {
        for (let turn = 0; turn < 20; turn += 1) await null;
        const server = createServer((request, response) => response.end("started"));
        await new Promise((resolve) => server.listen(3000, resolve));
      }
      bootstrap();`,
      { import: at },
    );
    assert.equal((await app.request("GET", "/")).text, "started");
  });
}
