// Sums over pairs of rows on the device.
#include "kernels/guard.hpp"
#include "kernels/pairwise_device.hpp"
#include "kernels/tables.hpp"

namespace samebits::kernels {
namespace {

template <class T>
void reduce_pairs(const pair_call<T>& call) {
  switch (call.pairs().reduction) {
    case samebits_pair_sums: return sum_pairs(call);
    case samebits_pair_log_sums: return sum_pair_logs(call);
    case samebits_pair_nearest: return find_nearest(call);
    case samebits_pair_products: return multiply_pairs(call);
    case samebits_pair_gradients: return differentiate_pairs(call);
    case samebits_pair_dependences: return sum_dependences(call);
    case samebits_pair_counts: return count_pairs(call);
  }
}

}  // namespace

samebits_status pairwise(samebits_call* call, const samebits_pairs* pairs) {
  return guarded(call, [&] {
    pairs->dtype == SAMEBITS_FLOAT32 ? reduce_pairs(pair_call<float>(*pairs)) : reduce_pairs(pair_call<double>(*pairs));
  });
}

}  // namespace samebits::kernels
