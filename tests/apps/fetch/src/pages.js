// The pages: HTML, forms, cookies and sessions.
import { readFile } from "node:fs/promises";

import { cookies, get, post } from "./http.js";
import { sign, verify } from "./signature.js";

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const read = (name) => readFile(new URL(`../templates/${name}`, import.meta.url), "utf8");
const fill = (text, values) => text.replace(/\{\{ (\w+) \}\}/g, (_, name) => values[name]);
const escape = (text) => text.replace(/[&<>"]/g, (character) => ENTITIES[character]);

/** A page from a file in `templates/`, in the frame that `base.html` is. */
export async function template(name, values = {}, status = 200) {
  const escaped = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, escape(value)]));
  const content = fill(await read(name), escaped);
  const page = fill(await read("base.html"), { content });
  return new Response(page, { status, headers: { "content-type": "text/html; charset=utf-8" } });
}

export const pages = [
  get("/", () => template("home.html")),
  get("/hello/:name", (request, { params }) => new Response(`Hello, ${params.name}!`)),
  get("/template", (request, { url }) => template("hello.html", { name: url.searchParams.get("name") ?? "you" })),
  get("/redirect", (request, { url }) => Response.redirect(new URL("/hello/redirected", url), 302)),
  get("/form", () => template("form.html")),
  post("/form", async (request) => {
    const form = await request.formData();
    return Response.json({ name: form.get("name"), color: form.get("color") });
  }),
  get("/cookie", (request) => {
    const response = Response.json({ cookies: cookies(request) });
    response.headers.append("set-cookie", "seen=yes; Path=/; HttpOnly");
    response.headers.append("set-cookie", "theme=dark; Path=/");
    return response;
  }),
  get("/session", async (request) => {
    const last = await verify(cookies(request).session ?? "");
    const count = Number(last ?? 0) + 1;
    const cookie = `session=${await sign(String(count))}; Path=/; HttpOnly`;
    return Response.json({ count }, { headers: { "set-cookie": cookie } });
  }),
];
