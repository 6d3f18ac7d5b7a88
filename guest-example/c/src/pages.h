#ifndef PAGES_H
#define PAGES_H

#include "response.h"

response_t home_page(void);
response_t products_page(void);
response_t articles_page(void);

#endif
