#include "headers.h"

#include "json.h"

#include <string.h>

static void member(buffer_t *json, const char *name, text_t value) {
    json_text(json, text_of(name));
    buffer_append_text(json, ": ");
    json_text(json, value);
    buffer_append_text(json, ",\n  ");
}

// Whether a header of that name came before this one.
static bool repeated(const request_t *request, size_t index) {
    text_t name = request->headers[index].name;
    for (size_t i = 0; i < index; i++) {
        text_t own = request->headers[i].name;
        if (own.length == name.length && memcmp(own.bytes, name.bytes, name.length) == 0) return true;
    }
    return false;
}

// Each name with the list of its values.
static void by_name(buffer_t *json, const request_t *request) {
    buffer_append_text(json, "{");
    for (size_t first = 0; first < request->header_count; first++) {
        if (repeated(request, first)) continue;
        text_t name = request->headers[first].name;
        buffer_append_text(json, first == 0 ? "\n    " : ",\n    ");
        json_text(json, name);
        buffer_append_text(json, ": [");
        for (size_t i = first; i < request->header_count; i++) {
            text_t own = request->headers[i].name;
            if (own.length != name.length || memcmp(own.bytes, name.bytes, name.length) != 0) continue;
            if (i != first) buffer_append_text(json, ", ");
            json_text(json, request->headers[i].value);
        }
        buffer_append_text(json, "]");
    }
    buffer_append_text(json, "\n  }");
}

response_t headers_page(const request_t *request) {
    response_t response = response_new(200, "application/json");
    buffer_t *json = &response.body;
    buffer_append_text(json, "{\n  ");
    member(json, "method", request->method);
    member(json, "path_with_query", request->path_with_query);
    member(json, "scheme", request->scheme);
    member(json, "authority", request->authority);
    buffer_append_text(json, "\"headers\": ");
    by_name(json, request);
    buffer_append_text(json, ",\n  \"lambda_context\": ");
    // JSON already: the host writes this header, and removes a client's own.
    text_t context = request_header(request, "x-amzn-lambda-context");
    if (context.bytes) {
        buffer_append(json, context.bytes, context.length);
    } else {
        buffer_append_text(json, "null");
    }
    buffer_append_text(json, "\n}\n");
    return response;
}
