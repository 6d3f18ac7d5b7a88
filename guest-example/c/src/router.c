#include "router.h"

#include "headers.h"
#include "pages.h"

typedef response_t page_t(void);

static const struct {
    const char *path;
    page_t *page;
} pages[] = {
    {"/", home_page},
    {"/products", products_page},
    {"/articles", articles_page},
};

static response_t echo(const request_t *request) {
    response_t response = response_new(200, "application/octet-stream");
    text_t content_type = request_header(request, "content-type");
    if (content_type.bytes) response.content_type = content_type;
    response.body = request->body;
    return response;
}

static response_t not_allowed(const char *allow) {
    response_t response = response_text(405, "method not allowed\n");
    response.allow = allow;
    return response;
}

static response_t route(const request_t *request) {
    text_t path = request_path(request);
    bool get = text_is(request->method, "GET") || text_is(request->method, "HEAD");
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (text_is(path, pages[i].path)) return get ? pages[i].page() : not_allowed("GET, HEAD");
    }
    if (text_is(path, "/headers")) return get ? headers_page(request) : not_allowed("GET, HEAD");
    if (text_is(path, "/echo")) return text_is(request->method, "POST") ? echo(request) : not_allowed("POST");
    return response_text(404, "not found\n");
}

response_t answer(const request_t *request) {
    response_t response = route(request);
    if (text_is(request->method, "HEAD")) response.body.length = 0;
    return response;
}
