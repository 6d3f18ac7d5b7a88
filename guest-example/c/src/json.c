#include "json.h"

#include <stdio.h>

// How many bytes the character that begins there has, or 0 if it is none (RFC 3629, section 4).
static size_t character(const uint8_t *bytes, size_t length) {
    uint8_t first = bytes[0];
    size_t count = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (count > length) return 0;
    for (size_t i = 1; i < count; i++) {
        uint8_t low = 0x80, high = 0xbf;
        if (i == 1 && first == 0xe0) low = 0xa0;
        if (i == 1 && first == 0xed) high = 0x9f;
        if (i == 1 && first == 0xf0) low = 0x90;
        if (i == 1 && first == 0xf4) high = 0x8f;
        if (bytes[i] < low || bytes[i] > high) return 0;
    }
    return count;
}

void json_text(buffer_t *json, text_t text) {
    if (!text.bytes) {
        buffer_append_text(json, "null");
        return;
    }
    buffer_append_text(json, "\"");
    for (size_t at = 0; at < text.length;) {
        uint8_t byte = text.bytes[at];
        size_t count = character(text.bytes + at, text.length - at);
        if (count == 0) {
            buffer_append_text(json, "\\ufffd");
            count = 1;
        } else if (byte == '"' || byte == '\\') {
            buffer_append(json, (uint8_t[]){'\\', byte}, 2);
        } else if (byte < 0x20) {
            char escape[7];
            snprintf(escape, sizeof escape, "\\u%04x", byte);
            buffer_append_text(json, escape);
        } else {
            buffer_append(json, text.bytes + at, count);
        }
        at += count;
    }
    buffer_append_text(json, "\"");
}
