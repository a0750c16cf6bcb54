#include "samebits/datasets.hpp"

#include "lib/fp_environment.hpp"
#include "lib/host_rows.hpp"
#include "samebits/core/datasets.hpp"
#include "samebits/error.hpp"
#include "samebits/random.hpp"

namespace samebits {

void make_blobs(const context& ctx, stream_id stream, std::int64_t n_blobs, matrix_view<double> x) {
  const default_fp_environment environment;
  require_on_host(ctx, "make_blobs", "x", x.data());
  if (n_blobs < 1 || n_blobs > x.n_rows()) {
    throw invalid_argument("make_blobs: n_blobs is " + std::to_string(n_blobs) + " but x has " +
                           std::to_string(x.n_rows()) + " rows");
  }
  fill_normal(ctx, stream, 0, {x.data(), static_cast<std::size_t>(x.n_rows() * x.n_cols())});
  for (std::int64_t i = 0; i < x.n_rows(); ++i) {
    const std::int64_t blob = core::blob_of_row(i, x.n_rows(), n_blobs);
    for (double& coordinate : x.row(i)) {
      coordinate = core::blob_coordinate(coordinate, blob);
    }
  }
}

}  // namespace samebits
