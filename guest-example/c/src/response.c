#include "response.h"

response_t response_new(uint16_t status, const char *content_type) {
    return (response_t){.status = status, .content_type = text_of(content_type)};
}

response_t response_text(uint16_t status, const char *text) {
    response_t response = response_new(status, "text/plain; charset=utf-8");
    buffer_append_text(&response.body, text);
    return response;
}
