// What is done for apps of Hono before their first request, with a class that has Hono's members.
import assert from "node:assert/strict";
import test from "node:test";

import { start } from "./component.js";

const HONO = `
const getPath = (request) => decodeURI(new URL(request.url).pathname);
class Base {
  constructor(options = {}) {
    const routes = [];
    let isBuilt = false;
    this.getPath = options.getPath ?? getPath;
    this.router = options.router ?? {
      add(path, handler) {
        if (isBuilt) throw new Error("the matcher is already built");
        routes.push([path, handler]);
      },
      match(method, path) {
        isBuilt = true;
        return routes.find(([own]) => own === path)?.[1];
      },
    };
    this.fetch = (request) => {
      const path = this.getPath(request, {});
      const c = { html: text, json: (value) => Response.json(value), text, req: {
        url: request.url, path, query: () => "", param: () => "", header: () => "" } };
      return (this.router.match("GET", path) ?? (() => new Response(path, { status: 404 })))(c);
    };
  }
  use() {}
  get(path, handler) { this.router.add(path, handler); }
}
const text = (value) => new Response(value);
export class Hono extends Base {
  basePath() { return new Base({ router: this.router, getPath: this.getPath }); }
}
`;

const APP = `import { Hono } from "./hono.js";
const app = new Hono();
let calls = 0;
app.get("/", (c) => c.json([c.req.path, c.req.url, calls += 1]));
`;

const TARGETS = ["/a/b", "/a//b?x", "/a/../b", "/a/./b", "/%2e%2e/b", "/a%20b", "/caf%C3%A9", "/a?b?c", "/.a", "/|^"];

const startHono = (t, text) => start(t, { "hono.js": HONO, "app.js": text });

test("paths are as Hono reads them from the URL", async (t) => {
  for (const given of ["app", "app.basePath('/')"]) {
    const app = await startHono(t, `${APP}export default ${given};`);
    assert.deepEqual((await app.request("GET", "/?q=/a.b")).json(), ["/", "https://shop.example/?q=/a.b", 1]);
    for (const target of TARGETS) {
      const path = decodeURI(new URL(`https://shop.example${target}`).pathname);
      assert.equal((await app.request("GET", target)).text, path, target);
    }
  }
});

test("a getPath of the app's own is kept", async (t) => {
  const app = await startHono(t, `import { Hono } from "./hono.js";
    const app = new Hono({ getPath: (request) => "/own" + new URL(request.url).pathname });
    export default app;`);
  assert.equal((await app.request("GET", "/a")).text, "/own/a");
});

test("nothing of the app is called while the component is made", async (t) => {
  const app = await startHono(t, `import { Hono } from "./hono.js";
    let made = 0;
    class Shop extends Hono { constructor() { super(); made += 1; } }
    const app = new Shop();
    app.get("/", () => new Response(String(made)));
    export default app;`);
  assert.equal((await app.request("GET", "/")).text, "1");
});

test("routes that are added before the first request are found", async (t) => {
  const added = `app.get("/late", (c) => c.text("late"));`;
  const ways = {
    onStart: `import { onStart } from "funcserver"; onStart(() => { ${added} });`,
    promise: `Promise.resolve().then(() => {}).then(() => { ${added} });`,
  };
  for (const [way, text] of Object.entries(ways)) {
    const app = await startHono(t, `${APP}${text}\nexport default app;`);
    assert.equal((await app.request("GET", "/late")).text, "late", way);
  }
});
