// All of samebits for C++ (not samebits/eigen.hpp, which needs Eigen).
#pragma once

#include "samebits/context.hpp"
#include "samebits/datasets.hpp"
#include "samebits/digest.hpp"
#include "samebits/error.hpp"
#include "samebits/gmm.hpp"
#include "samebits/math.hpp"
#include "samebits/random.hpp"
#include "samebits/stream.hpp"
#include "samebits/version.hpp"
#include "samebits/view.hpp"
