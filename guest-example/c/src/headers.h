#ifndef HEADERS_H
#define HEADERS_H

#include "request.h"
#include "response.h"

// The request and its Lambda invocation as the handler sees them, as JSON.
response_t headers_page(const request_t *request);

#endif
