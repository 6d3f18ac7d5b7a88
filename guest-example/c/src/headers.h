#ifndef HEADERS_H
#define HEADERS_H

#include "request.h"
#include "response.h"

// What the handler saw of a request, and of the Lambda invocation behind it, as JSON.
response_t headers_page(const request_t *request);

#endif
