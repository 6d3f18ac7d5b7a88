// The app: a function from `Request` to `Response`, without a framework.
import { api } from "./api.js";
import { diagnostics } from "./diagnostics.js";
import { files } from "./files.js";
import { HttpError, matching } from "./http.js";
import { pages, template } from "./pages.js";

const routes = [...pages, ...api, ...files, ...diagnostics];

export default {
  async fetch(request) {
    try {
      const response = await route(request);
      return request.method === "HEAD" ? new Response(null, response) : response;
    } catch (error) {
      if (error instanceof HttpError) return new Response(error.message, { status: error.status });
      console.error(error);
      return new Response("Something went wrong", { status: 500 });
    }
  },
};

async function route(request) {
  const method = request.method === "HEAD" ? "GET" : request.method;
  const url = new URL(request.url);
  const allowed = [];
  for (const route of routes) {
    const params = matching(route.path, url.pathname);
    if (!params) continue;
    if (route.method === method) return route.handle(request, { params, url });
    allowed.push(route.method);
  }
  if (!allowed.length) return template("404.html", {}, 404);
  return new Response("method not allowed", { status: 405, headers: { allow: allowed.join(", ") } });
}
