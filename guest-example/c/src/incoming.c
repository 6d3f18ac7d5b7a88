#include "incoming.h"

#include <stdlib.h>

// The number of bytes of a body that are read at once.
#define PIECE 65536

static text_t borrowed(router_string_t string) {
    return (text_t){string.ptr, string.len};
}

static text_t method_name(const wasi_http_types_method_t *method) {
    static const char *const names[] = {
        [WASI_HTTP_TYPES_METHOD_GET] = "GET",         [WASI_HTTP_TYPES_METHOD_HEAD] = "HEAD",
        [WASI_HTTP_TYPES_METHOD_POST] = "POST",       [WASI_HTTP_TYPES_METHOD_PUT] = "PUT",
        [WASI_HTTP_TYPES_METHOD_DELETE] = "DELETE",   [WASI_HTTP_TYPES_METHOD_CONNECT] = "CONNECT",
        [WASI_HTTP_TYPES_METHOD_OPTIONS] = "OPTIONS", [WASI_HTTP_TYPES_METHOD_TRACE] = "TRACE",
        [WASI_HTTP_TYPES_METHOD_PATCH] = "PATCH",
    };
    return method->tag == WASI_HTTP_TYPES_METHOD_OTHER ? borrowed(method->val.other) : text_of(names[method->tag]);
}

static text_t scheme_name(const wasi_http_types_scheme_t *scheme) {
    switch (scheme->tag) {
    case WASI_HTTP_TYPES_SCHEME_HTTP:
        return text_of("http");
    case WASI_HTTP_TYPES_SCHEME_HTTPS:
        return text_of("https");
    default:
        return borrowed(scheme->val.other);
    }
}

static void read_headers(wasi_http_types_borrow_incoming_request_t handle, incoming_t *incoming) {
    wasi_http_types_own_headers_t fields = wasi_http_types_method_incoming_request_headers(handle);
    wasi_http_types_method_fields_entries(wasi_http_types_borrow_fields(fields), &incoming->entries);
    wasi_http_types_fields_drop_own(fields);
    size_t count = incoming->entries.len;
    incoming->headers = calloc(count, sizeof(header_t));
    if (count && !incoming->headers) abort();
    for (size_t i = 0; i < count; i++) {
        const wasi_http_types_tuple2_field_name_field_value_t *entry = &incoming->entries.ptr[i];
        incoming->headers[i] = (header_t){borrowed(entry->f0), {entry->f1.ptr, entry->f1.len}};
    }
    incoming->request.headers = incoming->headers;
    incoming->request.header_count = count;
}

static bool read_stream(wasi_io_streams_borrow_input_stream_t stream, buffer_t *body) {
    for (;;) {
        router_list_u8_t piece;
        wasi_io_streams_stream_error_t error;
        if (!wasi_io_streams_method_input_stream_blocking_read(stream, PIECE, &piece, &error)) {
            bool whole = error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED;
            wasi_io_streams_stream_error_free(&error);
            return whole;
        }
        buffer_append(body, piece.ptr, piece.len);
        router_list_u8_free(&piece);
    }
}

static bool read_body(wasi_http_types_borrow_incoming_request_t handle, buffer_t *body) {
    wasi_http_types_own_incoming_body_t incoming;
    wasi_http_types_own_input_stream_t stream;
    if (!wasi_http_types_method_incoming_request_consume(handle, &incoming)) return false;
    bool whole = wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(incoming), &stream);
    if (whole) {
        whole = read_stream(wasi_io_streams_borrow_input_stream(stream), body);
        wasi_io_streams_input_stream_drop_own(stream);
    }
    wasi_http_types_incoming_body_drop_own(incoming);
    return whole;
}

bool incoming_read(wasi_http_types_own_incoming_request_t own, incoming_t *incoming) {
    *incoming = (incoming_t){0};
    request_t *request = &incoming->request;
    wasi_http_types_borrow_incoming_request_t handle = wasi_http_types_borrow_incoming_request(own);
    wasi_http_types_method_incoming_request_method(handle, &incoming->method);
    request->method = method_name(&incoming->method);
    request->path_with_query = text_of("/");
    if (wasi_http_types_method_incoming_request_path_with_query(handle, &incoming->path_with_query)) {
        request->path_with_query = borrowed(incoming->path_with_query);
    }
    if (wasi_http_types_method_incoming_request_scheme(handle, &incoming->scheme)) {
        request->scheme = scheme_name(&incoming->scheme);
    }
    if (wasi_http_types_method_incoming_request_authority(handle, &incoming->authority)) {
        request->authority = borrowed(incoming->authority);
    }
    read_headers(handle, incoming);
    bool whole = read_body(handle, &request->body);
    wasi_http_types_incoming_request_drop_own(own);
    return whole;
}

void incoming_free(incoming_t *incoming) {
    wasi_http_types_method_free(&incoming->method);
    router_string_free(&incoming->path_with_query);
    wasi_http_types_scheme_free(&incoming->scheme);
    router_string_free(&incoming->authority);
    wasi_http_types_list_tuple2_field_name_field_value_free(&incoming->entries);
    free(incoming->headers);
    free(incoming->request.body.bytes);
}
