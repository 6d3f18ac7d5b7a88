#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A request with its whole body.
struct Request {
    std::string method;
    std::string path_with_query;
    std::optional<std::string> scheme;
    std::optional<std::string> authority;
    // In the order of arrival. A value need not be UTF-8.
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    // The path without the query.
    std::string_view path() const;
    // The first value of a header. The name is in lower case.
    std::optional<std::string_view> header(std::string_view name) const;
};
