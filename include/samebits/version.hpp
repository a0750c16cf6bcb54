// Versions of the library and of its bits.
#pragma once

#define SAMEBITS_VERSION_MAJOR 0
#define SAMEBITS_VERSION_MINOR 1
#define SAMEBITS_VERSION_PATCH 0
#define SAMEBITS_VERSION "0.1.0"

/// Changes, with a line in CHANGELOG.md, whenever the bits of any result change.
#define SAMEBITS_NUMERICS_VERSION 1
