#pragma once

#include <string>

namespace pages {

std::string home();
std::string products();
std::string articles();

} // namespace pages
