// Every distribution, on every backend: frozen bits, parts of the whole, threads, and the sequences of user code.
#include <bit>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <span>

#include "samebits/digest.hpp"
#include "samebits/random.hpp"
#include "samebits/sequence.hpp"
#include "tests/backends/backend_test.hpp"
#include "tests/backends/distribution_cases.hpp"
#include "tests/objects/contracted_samples.hpp"

namespace samebits::tests {
namespace {

using json = nlohmann::ordered_json;

constexpr std::uint64_t n_first = 16;
constexpr std::uint64_t n_digest = 1'000'000;

const std::vector<stream_id>& golden_streams() {
  static const std::vector<stream_id> streams = {
      {0, 0}, {1, 2}, stream_id{0x0123456789abcdef, 0xfedcba9876543210}.child("known answers")};
  return streams;
}

const char* dtype_name(samebits_dtype dtype) {
  constexpr const char* names[] = {"float64", "float32", "int64", "uint64", "uint32"};
  return names[dtype];
}

/// Calls f(T()) for the C++ type of a dtype.
template <class F>
auto with_type(samebits_dtype dtype, const F& f) {
  switch (dtype) {
    case SAMEBITS_FLOAT64: return f(double());
    case SAMEBITS_FLOAT32: return f(float());
    case SAMEBITS_INT64: return f(std::int64_t());
    case SAMEBITS_UINT64: return f(std::uint64_t());
    case SAMEBITS_UINT32: break;
  }
  return f(std::uint32_t());
}

/// Samples first .. first + n - 1 as bytes.
std::vector<std::byte> bytes_of(const context& ctx, const samebits_distribution& d, samebits_dtype dtype, stream_id id,
                                std::uint64_t first, std::uint64_t n) {
  return with_type(dtype, [&]<class T>(T) {
    std::vector<T> out(n * static_cast<std::size_t>(row_size(d)));
    fill(ctx, d, id, first, std::span<T>(out));
    const auto bytes = std::as_bytes(std::span<const T>(out));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  });
}

/// Numbers as text that has all of their bits: decimal integers, hexadecimal floating point.
template <class T>
json exact_text(std::span<const T> numbers) {
  json list = json::array();
  for (const T number : numbers) {
    if constexpr (std::is_floating_point_v<T>) {
      char text[40];
      std::snprintf(text, sizeof text, "%a", static_cast<double>(number));
      list.push_back(text);
    } else {
      list.push_back(std::to_string(number));
    }
  }
  return list;
}

json first_samples(const context& ctx, const samebits_distribution& d, samebits_dtype dtype, stream_id id) {
  return with_type(dtype, [&]<class T>(T) {
    std::vector<T> out(n_first * static_cast<std::size_t>(row_size(d)));
    fill(ctx, d, id, 0, std::span<T>(out));
    return exact_text<T>(out);
  });
}

/// The digest of the first million numbers of the first stream, whole rows of them.
std::string digest_of_many(const context& ctx, const samebits_distribution& d, samebits_dtype dtype) {
  constexpr std::uint64_t part = 1 << 16;
  const std::uint64_t n = n_digest / static_cast<std::uint64_t>(row_size(d));
  sha256 digest;
  for (std::uint64_t first = 0; first < n; first += part) {
    digest.update(bytes_of(ctx, d, dtype, golden_streams()[0], first, std::min(part, n - first)));
  }
  return digest_text(digest.finish());
}

json known_answer(const context& ctx, const distribution_case& c, samebits_dtype dtype) {
  json answer = {{"distribution", c.name}, {"dtype", dtype_name(dtype)}};
  for (const stream_id id : golden_streams()) {
    answer["first"].push_back(first_samples(ctx, c.distribution, dtype, id));
  }
  answer["digest"] = digest_of_many(ctx, c.distribution, dtype);
  return answer;
}

/// Calls f(case, dtype, name) for every case in every type of its samples.
template <class F>
void for_each_case(const F& f) {
  for (const distribution_case& c : distribution_cases()) {
    for (const samebits_dtype dtype : list_distributions()[static_cast<std::size_t>(c.distribution.kind)].dtypes) {
      f(c, dtype, c.name + " " + dtype_name(dtype));
    }
  }
}

// Rewrites the known answers, for when SAMEBITS_NUMERICS_VERSION changes:
//   backend_tests --gtest_also_run_disabled_tests --gtest_filter=distribution_goldens.* 2>tests/data/distributions.json
TEST(distribution_goldens, DISABLED_print) {
  const context scalar({"cpu", "scalar", 1});
  const char* separator = "[\n";
  for_each_case([&](const distribution_case& c, samebits_dtype dtype, const std::string&) {
    std::cerr << separator << known_answer(scalar, c, dtype).dump();
    separator = ",\n";
  });
  std::cerr << "\n]\n";
}

using distribution_bits = backend_test;
SAMEBITS_ON_EVERY_BACKEND(distribution_bits);

TEST_P(distribution_bits, are_the_known_answers) {
  std::ifstream file(data_file("distributions.json"));
  const json answers = json::parse(file);
  std::size_t next = 0;
  for_each_case([&](const distribution_case& c, samebits_dtype dtype, const std::string& name) {
    ASSERT_LT(next, answers.size());
    const json& expected = answers[next++];
    ASSERT_EQ(expected["distribution"], c.name);
    for (std::size_t i = 0; i < golden_streams().size(); ++i) {
      EXPECT_EQ(first_samples(ctx(), c.distribution, dtype, golden_streams()[i]), expected["first"][i]) << name;
    }
    EXPECT_EQ(digest_of_many(ctx(), c.distribution, dtype), expected["digest"]) << name;
  });
  EXPECT_EQ(next, answers.size());
}

TEST_P(distribution_bits, are_those_of_any_part_of_the_sequence) {
  constexpr std::uint64_t n = 70;
  const stream_id id{5, 6};
  for_each_case([&](const distribution_case& c, samebits_dtype dtype, const std::string& name) {
    const std::vector<std::byte> whole = bytes_of(ctx(), c.distribution, dtype, id, 0, n);
    const std::size_t size = whole.size() / n;
    for (std::uint64_t first = 0; first < 9; ++first) {
      for (const std::uint64_t count : {0, 1, 2, 3, 8, 17, 61}) {
        const std::vector<std::byte> part = bytes_of(ctx(), c.distribution, dtype, id, first, count);
        ASSERT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + static_cast<std::ptrdiff_t>(first * size)))
            << name << " " << first << " " << count;
      }
    }
  });
}

TEST_P(distribution_bits, are_the_same_on_any_number_of_threads) {
  const stream_id id{7, 8};
  for_each_case([&](const distribution_case& c, samebits_dtype dtype, const std::string& name) {
    const std::uint64_t n = (is_emulated() ? 2'000 : 50'003) / static_cast<std::uint64_t>(row_size(c.distribution));
    const std::vector<std::byte> serial = bytes_of(on_threads(1), c.distribution, dtype, id, 3, n);
    for (const int n_threads : {2, 3, 8}) {
      ASSERT_TRUE(bytes_of(on_threads(n_threads), c.distribution, dtype, id, 3, n) == serial) << name << n_threads;
    }
  });
}

// ---- samples far along, and sequences -----------------------------------------------------------------------------

/// A distribution read one by one equals its fill, near the start and beyond 2^32 blocks.
template <class T, class Distribution>
void expect_sequence(const context& ctx, const Distribution& distribution) {
  const stream_id id{11, 12};
  sequence<Distribution, T> samples(distribution, id);
  for (const std::uint64_t first : {std::uint64_t{0}, (std::uint64_t{1} << 34) + 3, (std::uint64_t{1} << 50) + 1}) {
    std::vector<T> filled(100);
    fill(ctx, distribution, id, first, std::span<T>(filled));
    for (std::uint64_t i = 0; i < filled.size(); ++i) {
      const T sample = samples[first + i];
      ASSERT_EQ(std::memcmp(&sample, &filled[i], sizeof(T)), 0)
          << list_distributions()[static_cast<std::size_t>(samebits_distribution(distribution).kind)].name << " " << i;
    }
    samples.skip(first + 5 - samples.position());
    ASSERT_EQ(samples.next(), filled[5]);
    ASSERT_EQ(samples.next(), filled[6]);
  }
}
template <class Distribution>
void expect_real_sequences(const context& ctx, const Distribution& distribution) {
  expect_sequence<double>(ctx, distribution);
  expect_sequence<float>(ctx, distribution);
}

TEST_P(distribution_bits, are_those_of_sequences) {
  expect_sequence<std::uint32_t>(ctx(), dist::words{});
  expect_sequence<std::uint64_t>(ctx(), dist::words64{});
  expect_sequence<std::uint64_t>(ctx(), dist::integers{1'000});
  expect_real_sequences(ctx(), dist::uniform{-1, 2});
  expect_real_sequences(ctx(), dist::uniform_positive{});
  expect_real_sequences(ctx(), dist::uniform_open{});
  expect_real_sequences(ctx(), dist::uniform_curand{});
  expect_real_sequences(ctx(), dist::normal{1, 2});
  expect_real_sequences(ctx(), dist::lognormal{});
  expect_real_sequences(ctx(), dist::exponential{});
  expect_real_sequences(ctx(), dist::gamma{0.5, 2});
  expect_real_sequences(ctx(), dist::beta{2, 0.5});
  expect_real_sequences(ctx(), dist::chi_square{3});
  expect_real_sequences(ctx(), dist::student_t{4});
  expect_real_sequences(ctx(), dist::cauchy{});
  expect_real_sequences(ctx(), dist::laplace{});
  expect_real_sequences(ctx(), dist::logistic{});
  expect_real_sequences(ctx(), dist::gumbel{});
  expect_real_sequences(ctx(), dist::weibull{2, 1});
  expect_real_sequences(ctx(), dist::pareto{2, 1});
  expect_real_sequences(ctx(), dist::von_mises{1, 3});
  expect_real_sequences(ctx(), dist::truncated_normal{0, 1, 1, 2});
  expect_sequence<std::int64_t>(ctx(), dist::poisson{20});
  expect_sequence<std::int64_t>(ctx(), dist::binomial{100, 0.4});
  expect_sequence<std::int64_t>(ctx(), dist::negative_binomial{2, 0.1});
  expect_sequence<std::int64_t>(ctx(), dist::geometric{0.2});
}

// ---- a user's compiler --------------------------------------------------------------------------------------------

#if defined(SAMEBITS_TEST_HAS_CONTRACTED_SAMPLES)
TEST(distribution_formulas, keep_their_bits_where_the_compiler_contracts) {
  const auto backends = list_backends();
  if (std::none_of(backends.begin(), backends.end(), [](const auto& b) { return b.isa == "avx2" && b.available; })) {
    GTEST_SKIP() << "this CPU has no avx2";
  }
  ASSERT_TRUE(contracts(1 + 0x1p-30, 1 + 0x1p-30, -(1 + 0x1p-29))) << "the control does not contract";
  const context scalar({"cpu", "scalar", 1});
  constexpr std::uint64_t n = 2'000;
  for_each_case([&](const distribution_case& c, samebits_dtype dtype, const std::string& name) {
    std::vector<std::uint64_t> contracted(n);
    if (!contracted_samples(c.distribution, dtype == SAMEBITS_FLOAT32, 9, 10, 3, n, contracted.data())) {
      return;
    }
    const std::vector<std::byte> bytes = bytes_of(scalar, c.distribution, dtype, {9, 10}, 3, n);
    const std::size_t size = bytes.size() / n;
    for (std::uint64_t i = 0; i < n; ++i) {
      ASSERT_EQ(std::memcmp(bytes.data() + i * size, &contracted[i], size), 0) << name << " " << i;
    }
  });
}
#endif

// ---- errors -------------------------------------------------------------------------------------------------------

TEST_P(distribution_bits, end_with_the_sequence) {
  constexpr std::uint64_t end = std::uint64_t{1} << 56;
  std::vector<double> out(3);

  fill(ctx(), dist::gamma{}, {1, 1}, end - 3, std::span(out));
  EXPECT_EQ(error_of<invalid_argument>([&] {
              fill(ctx(), dist::gamma{}, {1, 1}, end - 2, std::span(out));
            }),
            "fill: first is 72057594037927934 and out has 3 samples, but a sequence of gamma ends after "
            "72057594037927936");
}

TEST_P(distribution_bits, fill_whole_rows) {
  std::vector<double> out(7);

  EXPECT_EQ(error_of<invalid_argument>([&] {
              fill(ctx(), dist::sphere{3}, {1, 1}, 0, std::span(out));
            }),
            "fill: out has 7 elements, but a sample has 3");
}

}  // namespace
}  // namespace samebits::tests
