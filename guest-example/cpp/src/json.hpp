#pragma once

#include <string>
#include <string_view>

namespace json {

// A string as JSON. Bytes that are not UTF-8 become U+FFFD.
std::string text(std::string_view text);

} // namespace json
