// Writes JSON.
#ifndef JSON_H
#define JSON_H

#include "buffer.h"
#include "request.h"

// A string, or null. Bytes that are not UTF-8 become U+FFFD.
void json_text(buffer_t *json, text_t text);

#endif
