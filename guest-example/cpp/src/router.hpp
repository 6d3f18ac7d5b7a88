#pragma once

#include "request.hpp"
#include "response.hpp"

// Routes a request. HEAD is answered as GET, without the body.
Response answer(const Request &request);
