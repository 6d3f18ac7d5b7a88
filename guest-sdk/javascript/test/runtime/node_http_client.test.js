// Requests by `node:http`: each client runs here by Node.js' own module, and in a component.
import assert from "node:assert/strict";
import http from "node:http";
import { once } from "node:events";
import test from "node:test";

import { start } from "./component.js";

const CLIENTS = {
  "a body that waits until the server wants it, as the AWS SDK sends it": async (http, url) => {
    const events = [];
    const request = http.request(url, { method: "PUT", headers: { expect: "100-continue" } });
    for (const name of ["socket", "continue", "response", "close"]) request.on(name, () => events.push(name));
    const text = await new Promise((resolve, reject) => {
      request.on("error", reject);
      request.on("continue", () => request.end("a body"));
      request.on("response", (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece) => (text += piece));
        request.on("close", () => resolve(text));
      });
    });
    return [events, text, request.destroyed];
  },
  "no body": async (http, url) => {
    const events = [];
    const request = http.get(url);
    for (const name of ["socket", "continue", "response", "close"]) request.on(name, () => events.push(name));
    request.on("response", (response) => response.on("end", () => events.push("end")).resume());
    await new Promise((resolve) => request.on("close", resolve));
    return [events, request.socket.encrypted ?? false, request.socket.connecting];
  },
  "a server that says nothing": async (http, url) => {
    const request = http.get(`${url}/silent`);
    const events = [];
    request.on("socket", (socket) => {
      events.push("socket");
      socket.setTimeout(50, () => {
        events.push("timeout");
        socket.destroy();
      });
    });
    await new Promise((resolve) => {
      request.on("error", ({ code }) => events.push(code));
      request.on("close", resolve);
    });
    return events;
  },
  "a socket that is set as libraries do": async (http, url) => {
    const request = http.get(url);
    const [socket] = await new Promise((resolve) => request.on("socket", (...values) => resolve(values)));
    const isSame = socket === request.socket && socket.setKeepAlive(true, 1000) === socket && socket.setNoDelay() === socket;
    await new Promise((resolve) => request.on("response", (response) => response.resume().on("end", resolve)));
    return isSame;
  },
};

test("requests by node:http", async (t) => {
  const server = http.createServer(async (request, response) => {
    if (request.url === "/silent") return;
    let text = "";
    for await (const piece of request) text += piece;
    response.end(`${request.method} ${text}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${server.address().port}`;
  const source = `import http from "node:http"; const clients = {${Object.entries(CLIENTS)
    .map(([name, client]) => `${JSON.stringify(name)}: ${client}`)
    .join(",\n")}};
    export default async (request) => {
      const { searchParams } = new URL(request.url);
      return Response.json(await clients[searchParams.get("client")](http, ${JSON.stringify(url)}));
    };`;
  const app = await start(t, source);
  for (const [name, client] of Object.entries(CLIENTS)) {
    await t.test(name, async () => {
      const expected = await client(http, url);
      const found = await app.request("GET", `/?client=${encodeURIComponent(name)}`);
      assert.deepEqual(found.errors, []);
      assert.equal(found.status, 200, found.text);
      assert.deepEqual(found.json(), expected);
    });
  }
});

test("a path that fetch would change is an error", async (t) => {
  const source = `import http from "node:http";
    export default async (request) => {
      const path = new URL(request.url).searchParams.get("path");
      try {
        http.request({ host: "127.0.0.1", port: 1, path }).on("error", () => {}).destroy();
        return new Response("sent");
      } catch ({ code, message }) {
        return new Response(code + " " + message);
      }
    };`;
  const app = await start(t, source);
  for (const [path, said] of [
    ["/a/../b", /^ERR_UNESCAPED_CHARACTERS the path \/a\/\.\.\/b has a segment/],
    ["/a/%2E%2e?b", /^ERR_UNESCAPED_CHARACTERS /],
    ["/.", /^ERR_UNESCAPED_CHARACTERS /],
    ["/a/...", /^sent$/],
    ["/a..b/.c?d=/../e", /^sent$/],
    ["/a//b", /^sent$/],
  ]) {
    const { text } = await app.request("GET", `/?path=${encodeURIComponent(path)}`);
    assert.match(text, said, path);
  }
});
