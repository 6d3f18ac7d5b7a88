#include "request.h"

#include <string.h>
#include <strings.h>

text_t text_of(const char *text) {
    return (text_t){(const uint8_t *)text, strlen(text)};
}

bool text_is(text_t text, const char *other) {
    return text.length == strlen(other) && memcmp(text.bytes, other, text.length) == 0;
}

text_t request_path(const request_t *request) {
    text_t path = request->path_with_query;
    const uint8_t *query = memchr(path.bytes, '?', path.length);
    if (query) path.length = (size_t)(query - path.bytes);
    return path;
}

text_t request_header(const request_t *request, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < request->header_count; i++) {
        text_t own = request->headers[i].name;
        if (own.length == length && strncasecmp((const char *)own.bytes, name, length) == 0) {
            return request->headers[i].value;
        }
    }
    return (text_t){0};
}
