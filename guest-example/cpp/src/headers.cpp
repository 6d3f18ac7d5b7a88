#include "headers.hpp"

#include <map>

#include "json.hpp"

namespace {

// Each name with the list of its values.
std::string by_name(const Request &request) {
    std::map<std::string_view, std::string> lists;
    for (const auto &[name, value] : request.headers) {
        std::string &list = lists[name];
        list += list.empty() ? "" : ", ";
        list += json::text(value);
    }
    std::string object;
    for (const auto &[name, list] : lists) {
        object += object.empty() ? "\n    " : ",\n    ";
        object += json::text(name) + ": [" + list + "]";
    }
    return "{" + object + "\n  }";
}

std::string text_or_null(const std::optional<std::string> &text) {
    return text ? json::text(*text) : "null";
}

} // namespace

std::string seen(const Request &request) {
    // JSON already: the host writes this header, and removes a client's own.
    std::string_view context = request.header("x-amzn-lambda-context").value_or("null");
    std::string seen = "{\n";
    seen += "  \"method\": " + json::text(request.method) + ",\n";
    seen += "  \"path_with_query\": " + json::text(request.path_with_query) + ",\n";
    seen += "  \"scheme\": " + text_or_null(request.scheme) + ",\n";
    seen += "  \"authority\": " + text_or_null(request.authority) + ",\n";
    seen += "  \"headers\": " + by_name(request) + ",\n";
    seen += "  \"lambda_context\": " + std::string(context) + "\n";
    return seen + "}\n";
}
