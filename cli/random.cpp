// samebits random: samples of a distribution, to a file, a pipe or the screen.
#include "samebits/random.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <optional>

#include "cli/command.hpp"
#include "cli/distribution_options.hpp"
#include "cli/numbers.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "samebits/digest.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

struct random_options {
  std::string distribution;
  std::string n;
  std::string seed = "0";
  std::string task = "0";
  std::string skip = "0";
  std::string dtype;
  std::string out;
  std::vector<std::string> children;
  bool list = false;
  bool as_json = false;
  distribution_options parameters;
  compute_options compute;
};

[[noreturn]] void refuse(const std::string& reason) { throw invalid_argument("random: " + reason); }

// ---- what to draw ---------------------------------------------------------------------------------------------------

enum class file_format { npy, csv, raw };

/// Everything that the options say, checked.
struct request {
  chosen_distribution distribution;
  samebits_dtype dtype;
  stream_id named;   // by --seed and --task
  stream_id stream;  // the child of it that was asked for
  json children = json::array();
  std::uint64_t first = 0;
  std::optional<std::uint64_t> n;  // none: until nobody reads any more
  file_format format = file_format::csv;
  std::string file;  // empty: standard output
};

file_format format_of(const std::string& file) {
  for (const auto& [ending, format] : {std::pair(".npy", file_format::npy), std::pair(".csv", file_format::csv),
                                       std::pair(".bin", file_format::raw), std::pair(".raw", file_format::raw)}) {
    if (file.ends_with(ending)) {
      return format;
    }
  }
  refuse("--out is \"" + file + "\" but must end in .npy, .csv, .bin or .raw, or be -");
}

samebits_dtype dtype_of(const std::string& name, const distribution_info& info) {
  std::string allowed;
  for (const samebits_dtype dtype : info.dtypes) {
    if (name.empty() || name == dtype_name(dtype)) {
      return dtype;
    }
    allowed += (allowed.empty() ? "" : " or ") + std::string(dtype_name(dtype));
  }
  refuse("--dtype is \"" + name + "\" but samples of " + info.name + " are " + allowed);
}

/// Decimal digits are the number of a child, anything else is its name.
void descend(request& r, const std::string& child) {
  if (!child.empty() && child.find_first_not_of("0123456789") == std::string::npos) {
    const std::uint64_t index = whole_number("--child", child);
    r.stream = r.stream.child(index);
    r.children.push_back(index);
  } else {
    r.stream = r.stream.child(std::string_view(child));
    r.children.push_back(child);
  }
}

/// The library's own checks, before anything is written.
void check(const request& r, const context& ctx) {
  const std::uint64_t n = r.n.value_or(0);
  const std::string range = "--skip is " + std::to_string(r.first) + " and --n is " + std::to_string(n);
  if (n > std::numeric_limits<std::uint64_t>::max() - r.first) {
    refuse(range + ", beyond any sequence");
  }
  const auto draw_nothing = [&](std::uint64_t at) {
    with_type(r.dtype,
              [&](auto zero) { fill(ctx, r.distribution.description(), r.stream, at, std::span<decltype(zero)>()); });
  };
  try {
    draw_nothing(0);
  } catch (const invalid_argument& e) {
    throw invalid_argument(r.distribution.in_options(e.what()));
  }
  try {
    draw_nothing(r.first + n);
  } catch (const invalid_argument& e) {
    const std::string message = e.what();
    const std::size_t reason = message.find(", but ");
    refuse(range + (reason == std::string::npos ? ": " + message : message.substr(reason)));
  }
}

request read_request(const random_options& o) {
  if (o.distribution.empty()) {
    refuse("DIST is missing; samebits random --list shows the distributions");
  }
  request r;
  r.distribution = o.parameters.choose(o.distribution);
  r.dtype = dtype_of(o.dtype, r.distribution.info());
  if (o.out == "-") {
    r.format = file_format::raw;
  } else if (!o.out.empty()) {
    r.format = format_of(o.out);
    r.file = o.out;
  }
  if (!o.n.empty()) {
    r.n = whole_number("--n", o.n);
  } else if (o.out != "-") {
    refuse("--n is missing; only --out - goes without");
  }
  if (o.as_json && r.file.empty()) {
    refuse("--json needs --out with the name of a file");
  }
  r.first = whole_number("--skip", o.skip);
  r.named.task = whole_number("--task", o.task);
  r.named.seed = seed_of(o.seed);
  r.stream = r.named;
  for (const std::string& child : o.children) {
    descend(r, child);
  }
  return r;
}

// ---- drawing --------------------------------------------------------------------------------------------------------

/// Takes the next bytes and the share of the samples that is done then. False: no more are wanted.
using writer = std::function<bool(std::string_view bytes, double share)>;

/// Draws the samples, in chunks so that memory does not depend on n. `hash` may be NULL.
template <class T>
void draw_as(const request& r, const context& ctx, const writer& write, sha256* hash) {
  constexpr std::uint64_t chunk_bytes = std::uint64_t{1} << 22;
  const samebits_distribution distribution = r.distribution.description();
  const auto n_cols = static_cast<std::size_t>(row_size(distribution));
  const std::uint64_t n = r.n.value_or(std::numeric_limits<std::uint64_t>::max() - r.first);
  const std::uint64_t chunk = std::min<std::uint64_t>(n, std::max<std::size_t>(1, chunk_bytes / sizeof(T) / n_cols));
  std::vector<T> values(chunk * n_cols);
  bool wants_more = true;
  for (std::uint64_t done = 0; done < n && wants_more;) {
    const std::uint64_t n_now = std::min(chunk, n - done);
    const std::span<T> now(values.data(), n_now * n_cols);
    fill(ctx, distribution, r.stream, r.first + done, now);
    done += n_now;
    const std::string text = r.format == file_format::csv ? lines(now, n_cols) : "";
    const std::span<const std::byte> bytes = little_endian_bytes(now);
    if (hash != nullptr) {
      hash->update(bytes);
    }
    wants_more = !interrupted() && write(r.format == file_format::csv ? text : as_text(bytes),
                                         static_cast<double>(done) / static_cast<double>(n));
    if (interrupted()) {
      throw samebits::interrupted("random: stopped by Ctrl-C");
    }
  }
}

void draw(const request& r, const context& ctx, const writer& write, sha256* hash = nullptr) {
  with_type(r.dtype, [&](auto zero) { draw_as<decltype(zero)>(r, ctx, write, hash); });
}

json record(const request& r, const std::string& digest) {
  json answer = json_header();
  answer["distribution"] = r.distribution.info().name;
  answer["parameters"] = r.distribution.parameters();
  answer["seed"] = r.named.seed;
  answer["task"] = r.named.task;
  answer["children"] = r.children;
  answer["stream"] = {{"seed", r.stream.seed}, {"task", r.stream.task}};
  answer["skip"] = r.first;
  answer["n"] = *r.n;
  answer["dtype"] = dtype_name(r.dtype);
  answer["digest"] = digest;
  return answer;
}

void write_to_file(const request& r, const context& ctx, bool as_json) {
  output_file file(r.file);
  if (r.format == file_format::npy) {
    std::vector<std::uint64_t> shape = r.distribution.shape();
    shape.insert(shape.begin(), *r.n);
    file.write(npy_header(r.dtype, shape));
  }
  sha256 hash;
  {
    progress bar;
    const auto write = [&](std::string_view bytes, double share) {
      file.write(bytes);
      bar.show(share, r.file);
      return true;
    };
    draw(r, ctx, write, as_json ? &hash : nullptr);
  }
  file.finish();
  if (as_json) {
    print_json(record(r, digest_text(hash.finish())));
  }
}

void run(const random_options& o) {
  if (o.list) {
    if (o.as_json) {
      json answer = json_header();
      answer["distributions"] = distributions_json();
      print_json(answer);
    } else {
      std::fputs(distribution_table().c_str(), stdout);
    }
    return;
  }
  const request r = read_request(o);
  const context ctx = o.compute.context();
  check(r, ctx);
  // A reader that has seen enough ends the command, which is no error: standard output reports it.
  std::signal(SIGPIPE, SIG_IGN);
  if (r.file.empty()) {
    draw(r, ctx, [](std::string_view bytes, double) { return write_standard_output(bytes); });
  } else {
    write_to_file(r, ctx, o.as_json);
  }
}

}  // namespace

void add_random(CLI::App& app, int&) {
  CLI::App* const command = app.add_subcommand(
      "random", "Draw random numbers: sample i depends on seed, task and i alone, whoever draws it and wherever");
  const auto o = std::make_shared<random_options>();
  command->add_option("DIST", o->distribution, "the distribution, such as normal or student-t");
  command->add_flag("--list", o->list, "show the distributions, their options and defaults");
  command->add_option("--n", o->n, "number of samples; --out - goes on without an end where it is missing")
      ->type_name("N");
  command
      ->add_option("--seed", o->seed,
                   "digits, 0x and hexadecimal digits, \"entropy\" for a new one, or any other text to make one of")
      ->type_name("SEED")
      ->capture_default_str();
  command->add_option("--task", o->task, "index of this task among those that share the seed")
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--child", o->children,
                   "draw from this child of the stream, by index or name; again for a child of that one")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--skip", o->skip, "number of the first sample")->type_name("N")->capture_default_str();
  command->add_option("--dtype", o->dtype, "float64 (default) or float32 for continuous distributions")
      ->type_name("TYPE");
  command
      ->add_option("--out", o->out,
                   "a file .npy, .csv, or .bin or .raw (little-endian numbers alone); - is .raw to standard output; "
                   "default: lines to standard output")
      ->type_name("FILE");
  command->add_flag("--json", o->as_json, "print what was drawn, with its digest, as JSON; needs --out FILE");
  o->parameters.add_to(*command);
  o->compute.add_to(*command);
  command->callback([o] { run(*o); });
}

}  // namespace samebits::cli
