// Bytes that grow.
#ifndef BUFFER_H
#define BUFFER_H

#include <stddef.h>
#include <stdint.h>

// A buffer of zeros is empty.
typedef struct {
    uint8_t *bytes;
    size_t length;
    size_t capacity;
} buffer_t;

// Memory that runs out ends the instance; the client gets 500.
void buffer_append(buffer_t *buffer, const void *bytes, size_t length);
void buffer_append_text(buffer_t *buffer, const char *text);

// Reserves that many more bytes. They become part of the buffer when `length` is raised.
uint8_t *buffer_reserve(buffer_t *buffer, size_t more);

#endif
