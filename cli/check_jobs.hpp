// The fixed jobs of `samebits check`. Each gives the digests of its stages in order, so that a difference is located
// and not only seen.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "samebits/context.hpp"

namespace samebits::cli {

/// The first 64 bits of the SHA-256 of what a stage computed.
struct stage {
  std::string name;  ///< such as "iteration 3, m-step"
  std::uint64_t digest;
};

struct check_job {
  const char* name;
  std::vector<stage> (*run)(const context& ctx);
};

const std::vector<check_job>& check_jobs();

/// What a job must give: the digest of each of its stages (cli/goldens.inc), empty for an unknown job.
std::vector<std::uint64_t> golden_digests(const std::string& job);

}  // namespace samebits::cli
