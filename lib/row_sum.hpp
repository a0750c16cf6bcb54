// The tree sum of one number per row, for rows that arrive in pieces.
#pragma once

#include "samebits/core/row_sum.hpp"

namespace samebits {

using core::row_sum;

}  // namespace samebits
