#include "json.hpp"

#include <cstddef>
#include <cstdint>

namespace {

// How many bytes the character at the beginning has, or 0 if there is none (RFC 3629, section 4).
std::size_t character(std::string_view text) {
    auto byte = [text](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
    std::uint8_t first = byte(0);
    std::size_t count = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (count > text.size()) return 0;
    for (std::size_t at = 1; at < count; at++) {
        std::uint8_t low = at > 1 ? 0x80 : first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        std::uint8_t high = at > 1 ? 0xbf : first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
        if (byte(at) < low || byte(at) > high) return 0;
    }
    return count;
}

} // namespace

std::string json::text(std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    std::string json = "\"";
    while (!text.empty()) {
        auto byte = static_cast<std::uint8_t>(text[0]);
        std::size_t count = character(text);
        if (count == 0) {
            json += "\\ufffd";
            count = 1;
        } else if (byte == '"' || byte == '\\') {
            json += {'\\', text[0]};
        } else if (byte < 0x20) {
            json += {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
        } else {
            json += text.substr(0, count);
        }
        text.remove_prefix(count);
    }
    return json + "\"";
}
