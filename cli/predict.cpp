// samebits predict: the component of each row.
#include <memory>
#include <type_traits>

#include "cli/model.hpp"
#include "samebits/gmm_model.hpp"

namespace samebits::cli {
namespace {

constexpr const char* command_name = "predict";

struct predict_options {
  std::string model_file;
  std::string file;
  std::string dtype = "float64";
  std::string out_file;
  bool probabilities = false;
  bool as_json = false;
  compute_options compute;
};

/// Throws where one of the first n rows has no label, which is where it has no probabilities.
void require_labels(const context& ctx, const gmm_model& model, const data_rows& data, std::int64_t n) {
  std::vector<std::int64_t> labels(static_cast<std::size_t>(n));
  data.visit(0, n, [&](auto x) { gmm_predict(ctx, model, x, labels); });
}

/// Writes what compute(rows, results) gives for chunks of the rows; results are n_results of type T a row.
template <class T, class Compute>
std::string write_results(const context& ctx, const gmm_model& model, const data_rows& data, const predict_options& o,
                          std::size_t n_results, const std::vector<std::uint64_t>& shape, samebits_dtype dtype,
                          const Compute& compute) {
  number_output out(command_name, "--out", o.out_file, dtype, shape);
  std::vector<T> results;
  const auto values_per_row = data.n_cols() + static_cast<std::int64_t>(n_results);
  in_chunks(command_name, o.out_file, shape[0], values_per_row, [&](std::uint64_t first, std::int64_t n) {
    results.resize(static_cast<std::size_t>(n) * n_results);
    const auto compute_chunk = [&](auto x) { compute(x, results.data()); };
    data.visit_chunk(static_cast<std::int64_t>(first), n, compute_chunk,
                     [&](std::int64_t n_so_far) { require_labels(ctx, model, data, n_so_far); });
    return out.write(std::span<T>(results));
  });
  return out.finish();
}

std::string write_labels(const context& ctx, const gmm_model& model, const data_rows& data, const predict_options& o) {
  const auto n_rows = static_cast<std::uint64_t>(data.n_rows());
  const auto compute = [&](auto x, std::int64_t* labels) {
    gmm_predict(ctx, model, x, {labels, static_cast<std::size_t>(x.n_rows())});
  };
  return write_results<std::int64_t>(ctx, model, data, o, 1, {n_rows}, SAMEBITS_INT64, compute);
}

template <class T>
std::string write_probabilities(const context& ctx, const gmm_model& model, const data_rows& data,
                                const predict_options& o) {
  const auto n_rows = static_cast<std::uint64_t>(data.n_rows());
  const auto k = static_cast<std::uint64_t>(model.n_components);
  const auto compute = [&](auto x, T* out) {
    if constexpr (std::is_same_v<decltype(x), matrix_view<const T>>) {  // T is the type of the rows
      gmm_predict_proba(ctx, model, x, {out, x.n_rows(), model.n_components});
    }
  };
  return write_results<T>(ctx, model, data, o, k, {n_rows, k}, data.dtype(), compute);
}

std::string write_answers(const context& ctx, const gmm_model& model, const data_rows& data, const predict_options& o) {
  if (!o.probabilities) {
    return write_labels(ctx, model, data, o);
  }
  return data.dtype() == SAMEBITS_FLOAT32 ? write_probabilities<float>(ctx, model, data, o)
                                          : write_probabilities<double>(ctx, model, data, o);
}

void run(const predict_options& o) {
  if (o.as_json && o.out_file.empty()) {
    refuse(command_name, "--json needs --out with the name of a file");
  }
  const samebits_dtype dtype = float_type(command_name, o.dtype);
  const context ctx = o.compute.context();
  const gmm_model model = read_model(o.model_file);
  const data_rows data(command_name, o.file, dtype);
  const std::string digest = write_answers(ctx, model, data, o);
  if (o.as_json) {
    nlohmann::ordered_json answer = json_header(ctx);
    answer["n_rows"] = data.n_rows();
    answer["n_components"] = model.n_components;
    answer["model_digest"] = gmm_digest(model);
    answer["dtype"] = dtype_name(o.probabilities ? dtype : SAMEBITS_INT64);
    answer["digest"] = digest;
    print_json(answer);
  }
}

}  // namespace

void add_predict(CLI::App& app, int&) {
  CLI::App* const command =
      app.add_subcommand("predict", "Tell the component of each row, or with --proba how likely each component is");
  const auto o = std::make_shared<predict_options>();
  command->add_option("MODEL", o->model_file, "the model, as fit --out writes it")->required();
  command->add_option("FILE", o->file, "the data: .csv with or without header, or .npy")->required();
  command->add_flag("--proba", o->probabilities, "the probability of each component, a column each");
  command->add_option("--dtype", o->dtype, "compute with the rows as float64 or float32")
      ->type_name("TYPE")
      ->capture_default_str();
  command->add_option("--out", o->out_file, "a file .npy or .csv; default: lines to standard output")
      ->type_name("FILE");
  command->add_flag("--json", o->as_json, "print what was written, with its digest, as JSON; needs --out");
  o->compute.add_to(*command);
  command->callback([o] { run(*o); });
}

}  // namespace samebits::cli
