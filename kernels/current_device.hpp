// Which device a call works on.
#pragma once

namespace samebits::kernels {

/// The device of the call that runs in this host thread.
inline thread_local int current_device = 0;

/// What owns memory of the host.
inline constexpr int no_device = -1;

}  // namespace samebits::kernels
