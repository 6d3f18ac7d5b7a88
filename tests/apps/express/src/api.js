// The JSON API.
import { Router } from "express";
import createError from "http-errors";

const items = new Map();

export const api = Router();

api
  .route("/json")
  .get((req, res) => res.json({ name: "Zoë", price: 1.5, tags: ["a", "b"], none: null }))
  .post((req, res) => res.json({ received: req.body }))
  .all((req, res) => res.set("allow", "GET, HEAD, POST").sendStatus(405));

api.get("/query", (req, res) => res.json({ a: [req.query.a ?? []].flat(), b: req.query.b ?? "" }));

api.get("/headers", (req, res) =>
  res.json({ user_agent: req.get("user-agent") ?? "", host: req.host, scheme: req.protocol }),
);

api.get("/items", (req, res) => res.json({ items: [...items.values()] }));

api.post("/items", (req, res) => {
  const item = { id: Math.max(0, ...items.keys()) + 1, ...valid(req.body) };
  items.set(item.id, item);
  res.status(201).location(`/items/${item.id}`).json(item);
});

api.get("/items/:id", (req, res) => res.json(found(req.params.id)));
api.put("/items/:id", (req, res) => res.json(Object.assign(found(req.params.id), valid(req.body))));
api.delete("/items/:id", (req, res) => {
  items.delete(found(req.params.id).id);
  res.status(204).end();
});

function found(id) {
  const item = items.get(Number(id));
  if (!item) throw createError(404, "there is no such item");
  return item;
}

/** The name and price of an item in a request's body. */
function valid({ name, price } = {}) {
  if (typeof name !== "string" || !name || typeof price !== "number" || price < 0) throw createError(422);
  return { name, price };
}
