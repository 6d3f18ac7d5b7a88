// A handler that uses PostgreSQL by pg, and Redis by ioredis and redis, as docs/databases.md shows it, and HTTPS by fetch.
import { connect } from "node:net";

import { Hono } from "hono";
import Redis from "ioredis";
import pg from "pg";
import { createClient } from "redis";

import calls from "./calls.js";

const once = (make) => {
  let made;
  return () => (made ??= make());
};

const pool = once(() => {
  const made = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 4 });
  made.on("error", (error) => console.warn(`an idle connection was lost: ${error.message}`));
  return made;
});

const cache = once(() => {
  const made = new Redis(process.env.REDIS_URL);
  made.on("error", (error) => console.warn(`Redis: ${error.message}`));
  return made;
});

const other = once(async () => {
  const made = createClient({ url: process.env.REDIS_URL });
  made.on("error", (error) => console.warn(`Redis: ${error.message}`));
  await made.connect();
  return made;
});

const app = new Hono();
app.onError((error, c) => c.json({ error: error.message, code: error.code }, 502));

app.get("/pg", async (c) => {
  const query =
    "select current_user as user, pg_backend_pid() as connection, ssl as tls from pg_stat_ssl where pid = pg_backend_pid()";
  const { user, connection, tls } = (await pool().query(query)).rows[0];
  return c.json({ connection, tls, user });
});

app.get("/redis", async (c) => {
  await cache().set("ioredis", "stored", "EX", 60);
  return c.json({ value: await cache().get("ioredis") });
});

app.get("/other", async (c) => {
  const client = await other();
  await client.set("redis", "stored", { EX: 60 });
  return c.json({ value: await client.get("redis") });
});

app.get("/rows", async (c) => {
  const query = "select i, repeat('x', 1000) as text from generate_series(1, $1) i";
  const { rows } = await pool().query(query, [Number(c.req.query("n"))]);
  return c.json({ bytes: rows.reduce((sum, { text }) => sum + text.length, 0), rows: rows.length });
});

// Four queries of 200 ms run at once.
app.get("/together", async (c) => {
  const begin = performance.now();
  await Promise.all([1, 2, 3, 4].map(() => pool().query("select pg_sleep(0.2)")));
  return c.json({ ms: Math.round(performance.now() - begin) });
});

// A query that takes too long, by the library's own limit.
app.get("/limit", async (c) => {
  const begin = performance.now();
  const client = new pg.Client({ connectionString: process.env.DATABASE_URL, query_timeout: 300 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select pg_sleep(30)");
    return c.text("the query has ended");
  } catch (error) {
    return c.json({ error: error.message, isSoon: performance.now() - begin < 10_000 });
  } finally {
    client.connection.stream.destroy();
  }
});

app.get("/late", async (c) => {
  await pool().query("select pg_sleep(30)");
  return c.text("too late");
});

// What servers do that are no databases.
app.get("/peer/:name", async (c) => {
  const port = Number(process.env[`PEER_${c.req.param("name").toUpperCase()}`]);
  const socket = connect({ port, host: "localhost" });
  socket.setTimeout(500, () => socket.destroy(Object.assign(new Error("nothing came"), { code: "TIMEOUT" })));
  // The other side may go on when this one has ended.
  socket.end("hello");
  const told = await new Promise((resolve) => {
    let text = "";
    socket.setEncoding("utf8").on("data", (piece) => (text += piece));
    socket.on("error", ({ code, message }) => resolve({ code, message }));
    socket.on("end", () => resolve({ text }));
  });
  socket.destroy();
  return c.json(told);
});

app.get("/many", async (c) => {
  const sockets = Array.from({ length: 60 }, () => connect(Number(process.env.PEER_STALLS), "localhost"));
  const ends = sockets.map(
    (socket) =>
      new Promise((resolve) => {
        socket.on("connect", () => resolve("open"));
        socket.on("error", ({ code }) => resolve(code));
      }),
  );
  const counts = {};
  for (const end of await Promise.all(ends)) counts[end] = (counts[end] ?? 0) + 1;
  for (const socket of sockets) socket.destroy();
  return c.json(counts);
});

app.route("/fetch", calls);

export default app;
