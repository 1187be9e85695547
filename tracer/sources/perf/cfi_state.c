/* SPDX-License-Identifier: MIT */

/* What was copied of a stack; see cfi_state.h. */

#include "tracer/sources/perf/cfi_state.h"

#include <string.h>

bool ctrace_cfi_read(const struct ctrace_cfi_state *state, uint64_t address, uint64_t *value)
{
	uint64_t at = address - state->stack_begin;

	if (address < state->stack_begin || state->stack_size < sizeof(*value) ||
	    at > state->stack_size - sizeof(*value)) {
		return false;
	}
	memcpy(value, state->stack + at, sizeof(*value));
	return true;
}
