#ifndef ROUTER_H
#define ROUTER_H

#include "request.h"
#include "response.h"

// Routes a request. HEAD is answered as GET, without the body.
response_t answer(const request_t *request);

#endif
