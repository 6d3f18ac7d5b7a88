// A request from the host.
#ifndef INCOMING_H
#define INCOMING_H

#include "request.h"
#include "../bindings/router.h"

typedef struct {
    request_t request;
    // The memory that `request` points to.
    wasi_http_types_method_t method;
    router_string_t path_with_query;
    wasi_http_types_scheme_t scheme;
    router_string_t authority;
    wasi_http_types_list_tuple2_field_name_field_value_t entries;
    header_t *headers;
} incoming_t;

// Reads the whole request. False if the body ends early; the rest is valid in either case.
bool incoming_read(wasi_http_types_own_incoming_request_t handle, incoming_t *incoming);
void incoming_free(incoming_t *incoming);

#endif
