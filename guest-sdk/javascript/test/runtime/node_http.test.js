// `node:http`: each listener answers here by Node.js' own server, and in a component.
import assert from "node:assert/strict";
import http from "node:http";
import { once } from "node:events";
import test from "node:test";

import { start } from "./component.js";

/** What Node.js' own server answers. */
async function natively(listener, { method = "GET", target = "/", headers = [], body }) {
  const server = http.createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const given = Object.fromEntries(
      headers.map(([name]) => [name, headers.filter(([key]) => key === name).map(([, value]) => value)]),
    );
    const request = http.request({
      port: server.address().port,
      host: "127.0.0.1",
      method,
      path: target,
      headers: given,
    });
    request.end(body);
    const [response] = await once(request, "response");
    const chunks = [];
    for await (const chunk of response) chunks.push(chunk);
    const named = [];
    for (let at = 0; at < response.rawHeaders.length; at += 2) {
      named.push([response.rawHeaders[at].toLowerCase(), response.rawHeaders[at + 1]]);
    }
    return { status: response.statusCode, headers: named, text: Buffer.concat(chunks).toString() };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

// Node.js writes these itself, and so does the host.
const OF_CONNECTION = new Set(["date", "connection", "keep-alive", "transfer-encoding", "content-length"]);
const own = (list) =>
  list.filter(([name]) => !OF_CONNECTION.has(name)).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

const LISTENERS = {
  "setHeader and end": [
    (request, response) => {
      response.statusCode = 201;
      response.setHeader("X-A", "b");
      response.setHeader("x-number", 3);
      response.setHeader("Set-Cookie", ["a=1", "b=2"]);
      response.appendHeader("x-a", "c");
      response.removeHeader("x-none");
      response.end(
        JSON.stringify([response.getHeader("x-a"), response.hasHeader("X-NUMBER"), response.getHeaderNames()]),
      );
    },
  ],
  writeHead: [
    (request, response) => {
      response.setHeader("x-a", "first");
      response.setHeader("x-kept", "yes");
      response.writeHead(404, "Nothing Here", { "X-A": "second", "set-cookie": ["a", "b"] });
      const before = response.headersSent;
      response.end(`${before} ${response.headersSent} ${response.statusMessage}`);
    },
  ],
  "writeHead with a list": [
    (request, response) => {
      response.setHeader("content-type", "text/html");
      response.writeHead(200, ["Content-Type", "text/plain", "x-a", "b"]).end("list");
    },
  ],
  "writeHead with a list alone": [
    (request, response) => {
      response.writeHead(200, ["x-a", "1", "set-cookie", "a", "set-cookie", "b"]).end("list");
    },
  ],
  "writeHead with pairs": [
    (request, response) => {
      response
        .writeHead(200, [
          ["x-a", "1"],
          ["set-cookie", "a"],
          ["set-cookie", "b"],
        ])
        .end("list");
    },
  ],
  "headers after the head": [
    (request, response) => {
      response.writeHead(200, { "x-a": "1" });
      const codes = [];
      const attempts = [
        () => response.setHeader("x-b", "2"),
        () => response.writeHead(500),
        () => response.removeHeader("x-a"),
        () => response.appendHeader("x-b", "2"),
      ];
      for (const attempt of attempts) {
        try {
          attempt();
          codes.push("none");
        } catch ({ code }) {
          codes.push(code);
        }
      }
      response.end(codes.join());
    },
  ],
  "values that are refused": [
    (request, response) => {
      const codes = [];
      const attempts = [
        () => response.setHeader("x-b", undefined),
        () => response.setHeader("a b", "c"),
        () => response.setHeader("x-b", "a\nb"),
        () => response.writeHead(99),
        () => response.setHeader("x-b", "€"),
        () => response.setHeader("", "a"),
        () => response.writeHead("abc"),
        () => response.setHeader("x-b", ["a", "b\r"]),
      ];
      for (const attempt of attempts) {
        try {
          attempt();
          codes.push("none");
        } catch ({ code }) {
          codes.push(code);
        }
      }
      response.end(codes.join());
    },
  ],
  "a writeHead that a library replaced, as on-headers does": [
    (request, response) => {
      const { writeHead } = response;
      response.writeHead = function replaced(...values) {
        this.setHeader("x-session", "late");
        return writeHead.apply(this, values);
      };
      response.end("session");
    },
  ],
  "the same before a write": [
    (request, response) => {
      const { writeHead } = response;
      response.writeHead = function replaced(...values) {
        this.removeHeader("content-length");
        this.setHeader("x-time", String(values[0]));
        return writeHead.apply(this, values);
      };
      response.statusCode = 202;
      response.write("one ");
      response.end("two");
    },
  ],
  "write and end": [
    (request, response) => {
      response.write("Grü", "utf8");
      response.write(Buffer.from([0xc3, 0x9f]));
      response.write("65", "hex");
      response.end("IQ==", "base64", () => {});
    },
  ],
  trailers: [
    (request, response) => {
      response.setHeader("trailer", "x-sum");
      response.write("text");
      response.addTrailers({ "x-sum": "1" });
      response.end();
    },
  ],
  events: [
    (request, response) => {
      const names = [];
      request
        .on("data", () => {})
        .on("end", () => {
          names.push("end");
          response.end(names.join() + response.writableEnded + response.finished + request.complete);
        });
      response.on("finish", () => names.push("finish"));
    },
    { method: "POST", body: "text" },
  ],
  "a body that is iterated": [
    async (request, response) => {
      let length = 0;
      for await (const piece of request) length += piece.length;
      response.end(`${length} ${request.readableEnded}`);
    },
    { method: "POST", body: "x".repeat(200_000) },
  ],
  "a body with an encoding, by pipe": [
    (request, response) => request.pipe(response),
    { method: "PUT", body: "é".repeat(50_000) },
  ],
  "the request": [
    (request, response) => {
      const { host, connection, "content-length": length, ...headers } = request.headers;
      const distinct = request.headersDistinct;
      response.end(
        JSON.stringify([
          request.method,
          request.url,
          headers,
          distinct["x-a"],
          distinct["set-cookie"],
          request.httpVersion,
          request.rawHeaders.includes("2"),
          typeof request.socket.remoteAddress,
        ]),
      );
    },
    {
      target: "/a%20b/../c?d=e&d=%zz",
      headers: [
        ["x-a", "1"],
        ["x-a", "2"],
        ["cookie", "a=b"],
        ["set-cookie", "c"],
        ["set-cookie", "d"],
        ["referer", "r1"],
        ["__proto__x", "p"],
      ],
    },
  ],
  HEAD: [
    (request, response) => {
      response.setHeader("x-a", "b");
      response.write("not sent");
      response.end("nor this");
    },
    { method: "HEAD" },
  ],
  204: [(request, response) => response.writeHead(204, { "x-a": "b" }).end()],
  "304 with a text": [
    (request, response) => {
      response.statusCode = 304;
      response.end("not sent");
    },
  ],
  flushHeaders: [
    (request, response) => {
      response.setHeader("x-a", "b");
      response.flushHeaders();
      response.end(String(response.headersSent));
    },
  ],
  "an answer after a timer": [(request, response) => void setTimeout(() => response.end("later"), 10)],
  "end without a text, and twice": [
    (request, response) => {
      response.end();
      response.end();
    },
  ],
};

test("node:http", async (t) => {
  const source = `import "node:http"; const listeners = {${Object.entries(LISTENERS)
    .map(([name, [listener]]) => `${JSON.stringify(name)}: ${listener}`)
    .join(",\n")}};
    export default (request, response) => listeners[request.headers["x-listener"]](request, response);`;
  const app = await start(t, source);
  for (const [name, [listener, settings = {}]] of Object.entries(LISTENERS)) {
    await t.test(name, async () => {
      const { method = "GET", target = "/", headers = [], body } = settings;
      const named = { ...settings, headers: [...headers, ["x-listener", name]] };
      const [expected, found] = [
        await natively(listener, named),
        await app.request(method, target, { headers: named.headers, body }),
      ];
      assert.deepEqual(found.errors, []);
      assert.deepEqual(
        [found.status, found.text, own(found.headers)],
        [expected.status, expected.text, own(expected.headers)],
      );
      assert.ok(found.finished);
    });
  }
});
