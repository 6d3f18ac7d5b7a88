#include "router.hpp"

#include "headers.hpp"
#include "pages.hpp"

namespace {

struct Route {
    std::string_view path;
    std::string_view method;
    Response (*answer)(const Request &);
};

Response echo(const Request &request) {
    auto content_type = request.header("content-type").value_or("application/octet-stream");
    return Response::of(200, std::string(content_type), request.body);
}

constexpr Route routes[] = {
    {"/", "GET", [](const Request &) { return Response::html(pages::home()); }},
    {"/products", "GET", [](const Request &) { return Response::html(pages::products()); }},
    {"/articles", "GET", [](const Request &) { return Response::html(pages::articles()); }},
    {"/headers", "GET", [](const Request &request) { return Response::json(seen(request)); }},
    {"/echo", "POST", echo},
};

Response not_allowed(const Route &route) {
    Response response = Response::text(405, "method not allowed\n");
    response.headers.emplace_back("allow", route.method == "GET" ? "GET, HEAD" : route.method);
    return response;
}

Response route(const Request &request, std::string_view method) {
    for (const Route &route : routes) {
        if (request.path() == route.path) return method == route.method ? route.answer(request) : not_allowed(route);
    }
    return Response::text(404, "not found\n");
}

} // namespace

Response answer(const Request &request) {
    if (request.method != "HEAD") return route(request, request.method);
    Response response = route(request, "GET");
    response.body.clear();
    return response;
}
