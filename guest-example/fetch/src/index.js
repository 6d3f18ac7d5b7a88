// The app: a function from Request to Response, as on other platforms for web handlers.

const products = {
  kettle: { name: "Kettle", price: 39.0 },
  teapot: { name: "Teapot", price: 24.5 },
  cup: { name: "Cup", price: 4.5 },
};

const routes = {
  "GET /": () => page("Tea shop", "<p>Everything for a cup of tea.</p>"),
  "GET /products": () => page("Products", `<ul>${Object.values(products).map(item).join("")}</ul>`),
  "GET /api/products": () => Response.json(products),
  "POST /api/total": total,
};

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const method = request.method === "HEAD" ? "GET" : request.method;
    const handle = routes[`${method} ${pathname}`];
    const response = handle ? await handle(request) : page("There is no such page", "", 404);
    return request.method === "HEAD" ? new Response(null, response) : response;
  },
};

/** The price of an order such as {"cup": 2, "teapot": 1}. */
async function total(request) {
  const order = Object.entries(await request.json().catch(() => ({ "": 0 })));
  if (!order.every(([key, count]) => Object.hasOwn(products, key) && Number.isInteger(count))) {
    return new Response("no such product", { status: 422 });
  }
  return Response.json({ total: order.reduce((sum, [key, count]) => sum + products[key].price * count, 0) });
}

const item = ({ name }) => `<li>${name}</li>`;

function page(title, content, status = 200) {
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title></head>
<body>
<nav><a href="/">Home</a> <a href="/products">Products</a></nav>
<h1>${title}</h1>
${content}
</body>
</html>
`;
  return new Response(html, { status, headers: { "content-type": "text/html; charset=utf-8" } });
}
