// JSON text that gives back every number bit for bit.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace samebits::cli {

/// Like `value.dump(indent)`, with three differences. Every floating-point number has 17 significant digits, so that
/// reading it gives the same double, and shows that it is one (`3.0`, not `3`); NaN and infinities, which JSON lacks,
/// become null. An array of numbers stands on one line. Bytes that are not UTF-8 become U+FFFD. There is no newline at
/// the end; a negative indent gives everything on one line.
std::string to_json(const nlohmann::ordered_json& value, int indent = 2);

}  // namespace samebits::cli
