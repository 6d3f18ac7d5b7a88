// A request with its whole body.
#ifndef REQUEST_H
#define REQUEST_H

#include "buffer.h"

#include <stdbool.h>

// Borrowed bytes; a text need not end with a zero. `bytes` is null if there is none.
typedef struct {
    const uint8_t *bytes;
    size_t length;
} text_t;

typedef struct {
    text_t name;
    text_t value;
} header_t;

typedef struct {
    text_t method;
    text_t path_with_query;
    text_t scheme;
    text_t authority;
    // In the order of arrival. A value need not be UTF-8.
    const header_t *headers;
    size_t header_count;
    buffer_t body;
} request_t;

text_t text_of(const char *text);
bool text_is(text_t text, const char *other);

// The path without the query.
text_t request_path(const request_t *request);
// The first value of a header. The name is in lower case.
text_t request_header(const request_t *request, const char *name);

#endif
