// A router behind a load balancer, as a wasi:http component.
//
// The routes are plain functions from request_t to response_t, in router.c. Only this file, incoming.c and outgoing.c
// talk to the host.

#include "incoming.h"
#include "outgoing.h"
#include "router.h"

#include <stdlib.h>

void exports_wasi_http_incoming_handler_handle(
    exports_wasi_http_incoming_handler_own_incoming_request_t request,
    exports_wasi_http_incoming_handler_own_response_outparam_t out) {
    incoming_t incoming;
    bool whole = incoming_read(request, &incoming);
    response_t response =
        whole ? answer(&incoming.request) : response_text(400, "the request's body ended early\n");
    outgoing_send(out, &response);
    // An echo's body is the request's.
    if (response.body.bytes != incoming.request.body.bytes) free(response.body.bytes);
    incoming_free(&incoming);
}
