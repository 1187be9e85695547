/* SPDX-License-Identifier: MIT */

/*
 * uftrace: a span is a function that does nothing. Only this file is compiled with
 * -pg or -fpatchable-function-entry, so that the loop is not recorded; peer_spans is
 * told by attribute.
 */

#include "bench/peers/peer_loop.h"

__attribute__((noinline)) void peer_span(void);

__attribute__((noinline)) void peer_span(void)
{
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline, no_instrument_function, patchable_function_entry(0))) void peer_spans(
	uint64_t spans)
{
	for (uint64_t i = 0; i < spans; i++) {
		peer_span();
	}
}

__attribute__((no_instrument_function, patchable_function_entry(0))) void peer_begin(void)
{
}

__attribute__((no_instrument_function, patchable_function_entry(0))) void peer_finish(void)
{
}
