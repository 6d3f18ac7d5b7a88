#include "pages.hpp"

#include <initializer_list>
#include <string_view>

namespace {

std::string page(std::string_view title, std::string_view content) {
    std::string page;
    for (std::string_view part : {
             std::string_view("<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>"), title,
             std::string_view("</title></head>\n<body>\n<nav><a href=\"/\">Home</a> <a href=\"/products\">Products</a> "
                              "<a href=\"/articles\">Articles</a></nav>\n<h1>"),
             title, std::string_view("</h1>\n"), content, std::string_view("</body>\n</html>\n")}) {
        page += part;
    }
    return page;
}

std::string list(std::initializer_list<std::string_view> items) {
    std::string list = "<ul>\n";
    for (std::string_view item : items) list.append("<li>").append(item).append("</li>\n");
    return list + "</ul>\n";
}

} // namespace

std::string pages::home() {
    return page("Home", "<p>This page was made by a WebAssembly component.</p>\n"
                        "<p>See also <a href=\"/headers\">what it saw of your request</a>.</p>\n");
}

std::string pages::products() {
    return page("Products", list({"Kettle", "Teapot", "Cup"}));
}

std::string pages::articles() {
    return page("Articles", list({"How to boil water", "How long tea should steep", "Milk first?"}));
}
