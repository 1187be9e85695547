/* SPDX-License-Identifier: MIT */

/*
 * Texts that arguments point to. They are read once the call has returned: if it succeeded, or
 * failed as only a call does that has read them, they can be read. Else the kernel is asked.
 */

#include "tracer/preload/call_table.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

/* A string argument has room for as many. */
#define TEXT_BYTES_MAX 1024u
#define PAGE_BYTES     4096u

static bool has_read_it(int64_t result)
{
	switch (result) {
	case -ENOENT:
	case -EACCES:
	case -EEXIST:
	case -ENOTDIR:
	case -EISDIR:
		return true;
	default:
		return result >= 0;
	}
}

/* Page by page, since the next one may not be there. */
static size_t copy_what_is_there(char *to, const char *text)
{
	uintptr_t at = (uintptr_t)text;
	size_t used = 0;

	while (used < TEXT_BYTES_MAX) {
		size_t piece = PAGE_BYTES - (at + used) % PAGE_BYTES;
		struct iovec here = {to + used,
				     piece < TEXT_BYTES_MAX - used ? piece : TEXT_BYTES_MAX - used};
		struct iovec there = {(char *)text + used, here.iov_len};
		ssize_t got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
		const char *end = got > 0 ? memchr(to + used, '\0', (size_t)got) : NULL;

		if (got <= 0 || end != NULL) {
			return end != NULL ? (size_t)(end - to) : used;
		}
		used += (size_t)got;
	}
	return used;
}

static void emit(unsigned code, unsigned index, const char *text, size_t size)
{
	atomic_load_explicit(&ctrace_recorder, memory_order_relaxed)->text(code, index, text, size);
}

static void emit_doubtful(unsigned code, unsigned index, const char *text)
{
	char copy[TEXT_BYTES_MAX];
	int saved = errno;
	size_t size = copy_what_is_there(copy, text);

	errno = saved;
	if (size > 0) {
		emit(code, index, copy, size);
	}
}

void ctrace_call_text_of(unsigned index, const char *text, int64_t result)
{
	unsigned code = ctrace_call_state(CTRACE_CALL_TEXTS);

	if (code == CTRACE_STATE_NOT_MET) {
		code = ctrace_call_first_pass(&ctrace_call_sites[CTRACE_CALL_TEXTS]);
	}
	if (code == 0 || text == NULL) {
		return;
	}
	if (has_read_it(result)) {
		emit(code, index, text, strnlen(text, TEXT_BYTES_MAX));
	} else {
		emit_doubtful(code, index, text);
	}
}
