#pragma once

#include <string>

#include "request.hpp"

// The request and its Lambda invocation as the handler sees them, as JSON.
std::string seen(const Request &request);
