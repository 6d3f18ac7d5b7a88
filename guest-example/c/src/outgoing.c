#include "outgoing.h"

#include <stdio.h>
#include <string.h>

// The most that the host takes in one call (wasi:io/streams, `blocking-write-and-flush`).
#define PIECE 4096

static void append(wasi_http_types_borrow_fields_t fields, const char *name, text_t value) {
    wasi_http_types_field_name_t own_name = {(uint8_t *)name, strlen(name)};
    wasi_http_types_field_value_t own_value = {(uint8_t *)value.bytes, value.length};
    wasi_http_types_header_error_t error;
    if (!wasi_http_types_method_fields_append(fields, &own_name, &own_value, &error)) {
        fprintf(stderr, "the host does not take the header %s\n", name);
    }
}

static wasi_http_types_own_outgoing_response_t head(const response_t *response) {
    wasi_http_types_own_fields_t fields = wasi_http_types_constructor_fields();
    append(wasi_http_types_borrow_fields(fields), "content-type", response->content_type);
    if (response->allow) append(wasi_http_types_borrow_fields(fields), "allow", text_of(response->allow));
    wasi_http_types_own_outgoing_response_t head = wasi_http_types_constructor_outgoing_response(fields);
    if (!wasi_http_types_method_outgoing_response_set_status_code(
            wasi_http_types_borrow_outgoing_response(head), response->status)) {
        fprintf(stderr, "the host does not take the status %u\n", response->status);
    }
    return head;
}

static bool write_all(wasi_io_streams_borrow_output_stream_t stream, const buffer_t *body) {
    for (size_t at = 0; at < body->length; at += PIECE) {
        size_t left = body->length - at;
        router_list_u8_t piece = {body->bytes + at, left < PIECE ? left : PIECE};
        wasi_io_streams_stream_error_t error;
        if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(stream, &piece, &error)) {
            wasi_io_streams_stream_error_free(&error);
            return false;
        }
    }
    return true;
}

void outgoing_send(wasi_http_types_own_response_outparam_t out, const response_t *response) {
    wasi_http_types_own_outgoing_response_t own = head(response);
    wasi_http_types_own_outgoing_body_t body;
    wasi_http_types_own_output_stream_t stream;
    wasi_http_types_error_code_t error;
    // The body of a new response, and its stream, can be taken once.
    wasi_http_types_method_outgoing_response_body(wasi_http_types_borrow_outgoing_response(own), &body);
    wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream);

    wasi_http_types_result_own_outgoing_response_error_code_t result = {.is_err = false, .val.ok = own};
    wasi_http_types_static_response_outparam_set(out, &result);
    bool written = write_all(wasi_io_streams_borrow_output_stream(stream), &response->body);
    // The stream must be dropped before its body.
    wasi_io_streams_output_stream_drop_own(stream);
    if (!wasi_http_types_static_outgoing_body_finish(body, NULL, &error)) {
        wasi_http_types_error_code_free(&error);
        written = false;
    }
    if (!written) fprintf(stderr, "the host did not take the whole body\n");
}
