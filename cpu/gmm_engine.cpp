// The choice of an engine.
#include "cpu/gmm_engine.hpp"

#include "cpu/gmm_narrow.hpp"
#include "cpu/gmm_wide.hpp"
#include "cpu/gmm_wide_diagonal.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

template <class Engine>
gmm_engine<typename Engine::value_type> table_of(std::int64_t n_cols) {
  return {n_cols,
          Engine::takes_whole_leaves,
          Engine::component_size(n_cols),
          Engine::sums_size(n_cols),
          Engine::lane_sums_size(n_cols),
          Engine::block_rows,
          Engine::work_size,
          Engine::pack_component,
          Engine::turn,
          Engine::distances,
          Engine::add_block,
          Engine::fold_sums,
          Engine::unpack_sums};
}

template <class T, class Shape, class Wide>
gmm_engine<T> engine_for(std::int64_t n_cols) {
  static_assert(gmm_wide_cols == 8);
  switch (n_cols) {
    case 1: return table_of<gmm_narrow<T, Shape, 1>>(n_cols);
    case 2: return table_of<gmm_narrow<T, Shape, 2>>(n_cols);
    case 3: return table_of<gmm_narrow<T, Shape, 3>>(n_cols);
    case 4: return table_of<gmm_narrow<T, Shape, 4>>(n_cols);
    case 5: return table_of<gmm_narrow<T, Shape, 5>>(n_cols);
    case 6: return table_of<gmm_narrow<T, Shape, 6>>(n_cols);
    case 7: return table_of<gmm_narrow<T, Shape, 7>>(n_cols);
    default: return table_of<Wide>(n_cols);
  }
}

}  // namespace

template <class T>
gmm_engine<T> find_engine(samebits_gmm_shape shape, std::int64_t n_cols) {
  return shape == samebits_gmm_triangle ? engine_for<T, triangle_shape, gmm_wide<T>>(n_cols)
                                        : engine_for<T, diagonal_shape, gmm_wide_diagonal<T>>(n_cols);
}

template gmm_engine<double> find_engine<double>(samebits_gmm_shape, std::int64_t);
template gmm_engine<float> find_engine<float>(samebits_gmm_shape, std::int64_t);

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
