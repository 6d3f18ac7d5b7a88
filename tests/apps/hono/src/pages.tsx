// The pages: HTML, forms, cookies and sessions.
import { Hono } from "hono";
import type { NotFoundHandler } from "hono";
import { getCookie, getSignedCookie, setCookie, setSignedCookie } from "hono/cookie";

import { SECRET_KEY } from "./settings";
import { Hello, Home, NotFound, OrderForm } from "./views";

export const pages = new Hono();

export const notFound: NotFoundHandler = (c) => c.html(<NotFound />, 404);

pages.get("/", (c) => c.html(<Home />));
pages.get("/hello/:name", (c) => c.text(`Hello, ${c.req.param("name")}!`));
pages.get("/template", (c) => c.html(<Hello name={c.req.query("name") ?? "you"} />));
pages.get("/redirect", (c) => c.redirect("/hello/redirected"));

pages.get("/form", (c) => c.html(<OrderForm />));
pages.post("/form", async (c) => {
  const { name, color } = await c.req.parseBody();
  return c.json({ name, color });
});

pages.get("/cookie", (c) => {
  const cookies = getCookie(c);
  setCookie(c, "seen", "yes", { httpOnly: true });
  setCookie(c, "theme", "dark");
  return c.json({ cookies });
});

pages.get("/session", async (c) => {
  const last = await getSignedCookie(c, SECRET_KEY, "count");
  const count = Number(last || 0) + 1;
  await setSignedCookie(c, "count", String(count), SECRET_KEY, { httpOnly: true, sameSite: "Lax" });
  return c.json({ count });
});
