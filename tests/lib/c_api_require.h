/* What the C programs of these tests share. */
#ifndef SAMEBITS_TESTS_C_API_REQUIRE_H
#define SAMEBITS_TESTS_C_API_REQUIRE_H

#include <stddef.h>
#include <string.h>

#include "samebits/samebits.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define REQUIRE(condition)                               \
  do {                                                   \
    if (!(condition)) {                                  \
      return "line " TEXT(__LINE__) ": not " #condition; \
    }                                                    \
  } while (0)
#define REQUIRE_ERROR(status, code, message)                \
  do {                                                      \
    REQUIRE((status) == (code));                            \
    REQUIRE(strcmp(samebits_last_error(), (message)) == 0); \
  } while (0)

/* A context of one thread on the plain CPU, which every machine has. */
static samebits_context* scalar_context(void) {
  samebits_context_options options;
  samebits_context* context = NULL;
  samebits_context_options_init(&options);
  options.backend = "cpu";
  options.isa = "scalar";
  options.n_threads = 1;
  return samebits_context_create(&options, &context) == SAMEBITS_OK ? context : NULL;
}

#endif
