// What `fetch` does with a server of HTTPS. Each route answers with what the handler sees.
import { Hono } from "hono";

const web = (path) => `https://localhost:${process.env.WEB}${path}`;
const bytes = (text) => new TextEncoder().encode(text);
const told = ({ name, message, cause }) => ({ cause: cause?.message, error: `${name}: ${message}` });

const calls = new Hono();
calls.onError((error, c) => c.json(told(error)));

calls.get("/text", async (c) => {
  const answer = await fetch(web("/redirect"));
  return c.json({ path: new URL(answer.url).pathname, redirected: answer.redirected, text: await answer.text() });
});

calls.get("/large", async (c) => {
  const { body } = await fetch(web("/large?n=3000000"));
  let length = 0;
  for await (const piece of body) length += piece.byteLength;
  return c.json({ length });
});

// A body that is written in pieces, and an answer that is read in pieces.
calls.get("/streams", async (c) => {
  const words = ["one ", "two ", "three"];
  const body = new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const word = words.shift();
      if (word === undefined) controller.close();
      else controller.enqueue(bytes(word));
    },
  });
  const answer = await fetch(web("/echo"), { method: "POST", body, duplex: "half" });
  const pieces = [];
  const text = answer.body.pipeThrough(new TextDecoderStream());
  for await (const piece of text) pieces.push(piece);
  return c.json({ status: answer.status, text: pieces.join("") });
});

calls.get("/stalls", async (c) => c.json(await fetch(web("/stalls"), { signal: AbortSignal.timeout(300) })));

calls.get("/stops", async (c) => {
  const controller = new AbortController();
  const { body } = await fetch(web("/stops"), { signal: controller.signal });
  const reader = body.getReader();
  const { value } = await reader.read();
  const next = reader.read();
  controller.abort();
  const error = await next.catch(told);
  return c.json({ first: new TextDecoder().decode(value), ...error });
});

calls.get("/refused", async () => fetch(`https://localhost:${process.env.PEER_REFUSES}/`));
calls.get("/wrong-name", async () => fetch(`https://localhost:${process.env.WRONG_NAME}/text`));
calls.get("/denied", async () => fetch("https://denied.example/"));

export default calls;
