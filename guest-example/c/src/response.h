// A complete response. The host sets its length.
#ifndef RESPONSE_H
#define RESPONSE_H

#include "buffer.h"
#include "request.h"

typedef struct {
    uint16_t status;
    text_t content_type;
    // The allowed methods of the path, with status 405.
    const char *allow;
    buffer_t body;
} response_t;

response_t response_new(uint16_t status, const char *content_type);
response_t response_text(uint16_t status, const char *text);

#endif
