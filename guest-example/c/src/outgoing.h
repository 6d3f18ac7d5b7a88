// Sends a response to the host.
#ifndef OUTGOING_H
#define OUTGOING_H

#include "../bindings/router.h"
#include "response.h"

// Sends it to the host: first status and headers, then the body.
void outgoing_send(wasi_http_types_own_response_outparam_t out, const response_t *response);

#endif
