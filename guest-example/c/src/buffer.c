#include "buffer.h"

#include <stdlib.h>
#include <string.h>

uint8_t *buffer_reserve(buffer_t *buffer, size_t more) {
    if (more > buffer->capacity - buffer->length) {
        if (more > SIZE_MAX / 2 - buffer->length) abort();
        size_t capacity = buffer->capacity < 512 ? 512 : buffer->capacity;
        while (capacity < buffer->length + more) capacity *= 2;
        uint8_t *bytes = realloc(buffer->bytes, capacity);
        if (!bytes) abort();
        buffer->bytes = bytes;
        buffer->capacity = capacity;
    }
    return buffer->bytes + buffer->length;
}

void buffer_append(buffer_t *buffer, const void *bytes, size_t length) {
    if (length == 0) return;
    memcpy(buffer_reserve(buffer, length), bytes, length);
    buffer->length += length;
}

void buffer_append_text(buffer_t *buffer, const char *text) {
    buffer_append(buffer, text, strlen(text));
}
