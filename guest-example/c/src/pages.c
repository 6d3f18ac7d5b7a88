#include "pages.h"

static response_t page(const char *title, const char *content) {
    response_t response = response_new(200, "text/html; charset=utf-8");
    const char *parts[] = {
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>",
        title,
        "</title></head>\n<body>\n"
        "<nav><a href=\"/\">Home</a> <a href=\"/products\">Products</a> <a href=\"/articles\">Articles</a></nav>\n<h1>",
        title,
        "</h1>\n",
        content,
        "</body>\n</html>\n",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) buffer_append_text(&response.body, parts[i]);
    return response;
}

response_t home_page(void) {
    return page("Home", "<p>This page was made by a WebAssembly component.</p>\n"
                        "<p>See also <a href=\"/headers\">what it saw of your request</a>.</p>\n");
}

response_t products_page(void) {
    return page("Products", "<ul>\n<li>Kettle</li>\n<li>Teapot</li>\n<li>Cup</li>\n</ul>\n");
}

response_t articles_page(void) {
    return page("Articles", "<ul>\n<li>How to boil water</li>\n<li>How long tea should steep</li>\n"
                            "<li>Milk first?</li>\n</ul>\n");
}
