// The JSON API.
import { zValidator } from "@hono/zod-validator";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { validator } from "hono/validator";
import { z } from "zod";

const fields = z.object({
  name: z.string().trim().min(1).max(100),
  price: z.number().nonnegative(),
});

type Item = z.infer<typeof fields> & { id: number };

const items = new Map<number, Item>();

const valid = zValidator("json", fields, (result, c) => {
  if (!result.success) return c.json({ errors: z.treeifyError(result.error) }, 422);
});

export const api = new Hono();

api.get("/json", (c) => c.json({ name: "Zoë", price: 1.5, tags: ["a", "b"], none: null }));
api.post("/json", validator("json", (value) => value), (c) => c.json({ received: c.req.valid("json") }));

api.get("/query", (c) => c.json({ a: c.req.queries("a") ?? [], b: c.req.query("b") ?? "" }));

api.get("/headers", (c) => {
  const url = new URL(c.req.url);
  const scheme = c.req.header("x-forwarded-proto") ?? url.protocol.slice(0, -1);
  return c.json({ user_agent: c.req.header("user-agent") ?? "", host: url.host, scheme });
});

api.get("/items", (c) => c.json({ items: [...items.values()] }));

api.post("/items", valid, (c) => {
  const item = { id: Math.max(0, ...items.keys()) + 1, ...c.req.valid("json") };
  items.set(item.id, item);
  return c.json(item, 201, { location: `/items/${item.id}` });
});

api.get("/items/:id{[0-9]+}", (c) => c.json(found(c.req.param("id"))));

api.put("/items/:id{[0-9]+}", valid, (c) => c.json(Object.assign(found(c.req.param("id")), c.req.valid("json"))));

api.delete("/items/:id{[0-9]+}", (c) => {
  items.delete(found(c.req.param("id")).id);
  return c.body(null, 204);
});

function found(id: string): Item {
  const item = items.get(Number(id));
  if (!item) throw new HTTPException(404, { message: "there is no such item" });
  return item;
}
