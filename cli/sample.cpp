// samebits sample: rows drawn from a model.
#include <filesystem>
#include <memory>

#include "cli/model.hpp"

namespace samebits::cli {
namespace {

constexpr const char* command_name = "sample";

struct sample_options {
  std::string model_file;
  std::uint64_t n = 0;
  std::uint64_t skip = 0;
  std::string out_file;
  std::string labels_file;
  bool as_json = false;
  stream_options stream;
  compute_options compute;
};

struct digests {
  std::string rows;
  std::string labels;  // empty without them
};

/// The library's own check of the range, before anything is written.
void check_range(const context& ctx, const gmm_model& model, const sample_options& o) {
  const std::uint64_t end = o.skip + o.n;
  const std::string range = "--skip is " + std::to_string(o.skip) + " and -n is " + std::to_string(o.n);
  if (end < o.n) {
    refuse(command_name, range + ", beyond any sample");
  }
  try {
    gmm_sample(ctx, model, {}, end, {nullptr, 0, model.n_cols});
  } catch (const invalid_argument& e) {
    const std::string message = e.what();
    const std::size_t reason = message.find(", but ");
    refuse(command_name, range + (reason == std::string::npos ? ": " + message : message.substr(reason)));
  }
}

/// A file's own place: its absolute path, without symbolic links as far as it exists.
std::filesystem::path place_of(const std::string& file) {
  std::error_code error;
  std::filesystem::path place = std::filesystem::absolute(file, error);
  if (!error) {
    place = std::filesystem::weakly_canonical(place, error);
  }
  return error ? std::filesystem::path(file) : place;
}

void check_files(const sample_options& o) {
  if (o.as_json && o.out_file.empty()) {
    refuse(command_name, "--json needs --out with the name of a file");
  }
  if (!o.out_file.empty() && !o.labels_file.empty() && place_of(o.out_file) == place_of(o.labels_file)) {
    refuse(command_name, "--labels is \"" + o.labels_file + "\", which is the file of --out");
  }
}

digests write_sample(const context& ctx, const gmm_model& model, stream_id stream, const sample_options& o) {
  number_output rows(command_name, "--out", o.out_file, SAMEBITS_FLOAT64,
                     {o.n, static_cast<std::uint64_t>(model.n_cols)});
  std::optional<number_output> labels;
  if (!o.labels_file.empty()) {
    labels.emplace(command_name, "--labels", o.labels_file, SAMEBITS_INT64, std::vector<std::uint64_t>{o.n});
  }
  std::vector<double> chunk;
  std::vector<std::int64_t> chunk_labels;
  bool is_whole = true;
  in_chunks(command_name, o.out_file, o.n, model.n_cols, [&](std::uint64_t first, std::int64_t n) {
    chunk.resize(static_cast<std::size_t>(n * model.n_cols));
    chunk_labels.resize(labels ? static_cast<std::size_t>(n) : 0);
    gmm_sample(ctx, model, stream, o.skip + first, {chunk.data(), n, model.n_cols}, chunk_labels);
    is_whole =
        rows.write(std::span<double>(chunk)) && (!labels || labels->write(std::span<std::int64_t>(chunk_labels)));
    return is_whole;
  });
  // Where the reader of the rows has seen enough, there are labels of some rows only: an earlier file stays.
  return {rows.finish(), labels && is_whole ? labels->finish() : ""};
}

void print_record(const context& ctx, const gmm_model& model, stream_id stream, const sample_options& o,
                  const digests& d) {
  nlohmann::ordered_json answer = json_header(ctx);
  answer["model_digest"] = gmm_digest(model);
  answer["seed"] = stream.seed;
  answer["task"] = stream.task;
  answer["skip"] = o.skip;
  answer["n"] = o.n;
  answer["n_cols"] = model.n_cols;
  answer["digest"] = d.rows;
  if (!d.labels.empty()) {
    answer["labels_digest"] = d.labels;
  }
  print_json(answer);
}

void run(const sample_options& o) {
  check_files(o);
  const stream_id stream = o.stream.stream();
  const context ctx = o.compute.context();
  const gmm_model model = read_model(o.model_file);
  check_range(ctx, model, o);
  const digests d = write_sample(ctx, model, stream, o);
  if (o.as_json) {
    print_record(ctx, model, stream, o, d);
  }
}

}  // namespace

void add_sample(CLI::App& app, int&) {
  CLI::App* const command =
      app.add_subcommand("sample", "Draw rows from a model: row i depends on model, seed, task and i alone");
  const auto o = std::make_shared<sample_options>();
  command->add_option("MODEL", o->model_file, "the model, as fit --out writes it")->required();
  command->add_option("-n,--n", o->n, "number of rows")->type_name("N")->required();
  o->stream.add_to(*command);
  command->add_option("--skip", o->skip, "number of the first row")->type_name("N")->capture_default_str();
  command->add_option("--out", o->out_file, "a file .npy or .csv; default: lines to standard output")
      ->type_name("FILE");
  command
      ->add_option("--labels", o->labels_file,
                   "write the component of each row to this file .npy or .csv, once all rows are out")
      ->type_name("FILE");
  command->add_flag("--json", o->as_json, "print what was drawn, with its digest, as JSON; needs --out");
  o->compute.add_to(*command);
  command->callback([o] { run(*o); });
}

}  // namespace samebits::cli
