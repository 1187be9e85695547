/* SPDX-License-Identifier: MIT */

/*
 * Texts that arguments point to. They are read once the call has returned: if it succeeded, or
 * failed as only a call does that has read them, they can be read. Else they are left out: asking
 * the kernel would take a call that a sandbox may kill the program for.
 */

#include "tracer/preload/call_table.h"

#include <errno.h>
#include <string.h>

/* A string argument has room for as many. */
#define TEXT_BYTES_MAX 1024u

static bool has_read_it(int64_t result)
{
	switch (result) {
	case -ENOENT:
	case -EACCES:
	case -EPERM:
	case -EEXIST:
	case -ENOTDIR:
	case -EISDIR:
	case -ELOOP:
	case -EROFS:
	case -EXDEV:
	case -ENOTEMPTY:
		return true;
	default:
		return result >= 0;
	}
}

void ctrace_call_text_of(unsigned index, const char *text, int64_t result)
{
	unsigned code = ctrace_call_state(CTRACE_CALL_TEXTS);

	if (code == CTRACE_STATE_NOT_MET) {
		code = ctrace_call_first_pass(&ctrace_call_sites[CTRACE_CALL_TEXTS]);
	}
	if (code == 0 || text == NULL || !has_read_it(result)) {
		return;
	}
	atomic_load_explicit(&ctrace_recorder, memory_order_relaxed)
		->text(code, index, text, strnlen(text, TEXT_BYTES_MAX));
}
