// The engines of the mixture sums, the choice between them, and what a problem keeps in memory.
#pragma once

#include "cpu/gmm_narrow.hpp"
#include "cpu/gmm_wide.hpp"
#include "cpu/memory.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

struct gmm_problem {
  const double* x;
  std::int64_t n_rows;
  std::int64_t n_cols;
  cpu::buffer components;      // prepared for the engine
  cpu::buffer scratch;         // per thread
  cpu::buffer nodes;           // per chunk of leaves
  cpu::buffer seed_distances;  // per row, while seeds are drawn
};

/// Calls visit.template operator()<Engine>() with the engine for that many columns.
template <class Visitor>
auto with_engine(std::int64_t n_cols, const Visitor& visit) {
  static_assert(gmm_wide_cols == 8);
  switch (n_cols) {
    case 1: return visit.template operator()<gmm_narrow<1>>();
    case 2: return visit.template operator()<gmm_narrow<2>>();
    case 3: return visit.template operator()<gmm_narrow<3>>();
    case 4: return visit.template operator()<gmm_narrow<4>>();
    case 5: return visit.template operator()<gmm_narrow<5>>();
    case 6: return visit.template operator()<gmm_narrow<6>>();
    case 7: return visit.template operator()<gmm_narrow<7>>();
    default: return visit.template operator()<gmm_wide>();
  }
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
