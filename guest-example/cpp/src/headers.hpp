#pragma once

#include <string>

#include "request.hpp"

// What the handler saw of a request, and of the Lambda invocation behind it, as JSON.
std::string seen(const Request &request);
