// Marks what the shared library shows to its users; everything else stays hidden.
#pragma once

#define SAMEBITS_API __attribute__((visibility("default")))
