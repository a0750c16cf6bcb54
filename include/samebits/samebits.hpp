// All of samebits for C++ (not samebits/eigen.hpp, which needs Eigen).
#pragma once

#include "samebits/bijection.hpp"
#include "samebits/context.hpp"
#include "samebits/datasets.hpp"
#include "samebits/digest.hpp"
#include "samebits/error.hpp"
#include "samebits/gmm.hpp"
#include "samebits/math.hpp"
#include "samebits/permutation.hpp"
#include "samebits/random.hpp"
#include "samebits/seed.hpp"
#include "samebits/sequence.hpp"
#include "samebits/split.hpp"
#include "samebits/stream.hpp"
#include "samebits/version.hpp"
#include "samebits/view.hpp"
