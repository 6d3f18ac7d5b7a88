// A response as the host takes it.
#ifndef OUTGOING_H
#define OUTGOING_H

#include "../bindings/router.h"
#include "response.h"

// Hands it over: first status and headers, then the body.
void outgoing_send(wasi_http_types_own_response_outparam_t out, const response_t *response);

#endif
