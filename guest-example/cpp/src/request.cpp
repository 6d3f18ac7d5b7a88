#include "request.hpp"

#include <algorithm>
#include <cctype>

std::string_view Request::path() const {
    std::string_view path = path_with_query;
    return path.substr(0, path.find('?'));
}

std::optional<std::string_view> Request::header(std::string_view name) const {
    auto is_named = [name](const auto &header) {
        return std::ranges::equal(header.first, name, [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
    };
    auto found = std::ranges::find_if(headers, is_named);
    if (found == headers.end()) return std::nullopt;
    return found->second;
}
