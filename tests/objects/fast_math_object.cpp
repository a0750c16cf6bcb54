// An object as other libraries build it: with -ffast-math. Loading it makes the loading thread, and every thread that
// it starts later, flush subnormal numbers to zero. Some compilers link a start-up file that does it, others have
// stopped to do so for shared objects, so here it is done by hand.
#include "tests/support.hpp"

__attribute__((constructor)) static void set_fast_math_mode() {
  samebits::tests::set_fp_control(samebits::tests::fp_control() | samebits::tests::flush_to_zero);
}
