// The JSON API.
import { HttpError, get, post, put, remove } from "./http.js";

const items = new Map();

async function body(request) {
  try {
    return await request.json();
  } catch {
    throw new HttpError(400, "the body is not JSON");
  }
}

/** The name and price of an item in a request's body. */
async function valid(request) {
  const { name, price } = await body(request);
  if (typeof name !== "string" || !name || typeof price !== "number" || price < 0) throw new HttpError(422, "invalid");
  return { name, price };
}

function found({ params }) {
  const item = items.get(Number(params.id));
  if (!item) throw new HttpError(404, "there is no such item");
  return item;
}

export const api = [
  get("/json", () => Response.json({ name: "Zoë", price: 1.5, tags: ["a", "b"], none: null })),
  post("/json", async (request) => Response.json({ received: await body(request) })),
  get("/query", (request, { url: { searchParams } }) =>
    Response.json({ a: searchParams.getAll("a"), b: searchParams.get("b") ?? "" }),
  ),
  get("/headers", (request, { url }) =>
    Response.json({
      user_agent: request.headers.get("user-agent") ?? "",
      host: url.host,
      scheme: request.headers.get("x-forwarded-proto") ?? url.protocol.slice(0, -1),
    }),
  ),
  get("/items", () => Response.json({ items: [...items.values()] })),
  post("/items", async (request) => {
    const item = { id: Math.max(0, ...items.keys()) + 1, ...(await valid(request)) };
    items.set(item.id, item);
    return Response.json(item, { status: 201, headers: { location: `/items/${item.id}` } });
  }),
  get("/items/:id", (request, context) => Response.json(found(context))),
  put("/items/:id", async (request, context) => Response.json(Object.assign(found(context), await valid(request)))),
  remove("/items/:id", (request, context) => {
    items.delete(found(context).id);
    return new Response(null, { status: 204 });
  }),
];
