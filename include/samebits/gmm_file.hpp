// Mixtures in a file: JSON, read by every language. docs/models.md has the format.
#pragma once

#include <string>
#include <string_view>

#include "samebits/export.hpp"
#include "samebits/gmm.hpp"

namespace samebits {

/// The model as a JSON text. Numbers have as many digits as it takes to read the same bits again.
/// @throws invalid_argument  the model is not one (see gmm_require_valid), or a number of it is not finite
SAMEBITS_API std::string gmm_to_json(const gmm_model& model);

/// Keys that are not part of the format are ignored. What tells of the fit (log_likelihood, n_iter, converged, restart,
/// trace, digest) may be missing; a digest must be that of the numbers.
/// @throws invalid_argument  the text is no model (the message says where), or one of a later format
SAMEBITS_API gmm_model gmm_from_json(std::string_view text);

/// Writes beside the file and renames, so that a failure leaves an earlier file as it was.
/// @throws file_error        the file cannot be written
/// @throws invalid_argument  as gmm_to_json
SAMEBITS_API void gmm_save(const gmm_model& model, const std::string& file);
/// @throws file_error        the file cannot be read
/// @throws invalid_argument  as gmm_from_json, the message naming the file
SAMEBITS_API gmm_model gmm_load(const std::string& file);

}  // namespace samebits
