/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FUZZ_GOOD_SUMS_H
#define CTRACE_FUZZ_GOOD_SUMS_H

/* Inputs whose checksums are wrong end where they are looked at: nothing behind would be reached.
 */

#include <stddef.h>
#include <stdint.h>

/* Make every checksum of a trace right that can be found. */
void fuzz_make_sums_good(uint8_t *bytes, size_t size);

#endif
