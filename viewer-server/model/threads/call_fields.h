/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CALL_FIELDS_H
#define CTRACE_CALL_FIELDS_H

/*
 * Where the events by which a thread tells of its calls have what: syscall_enter and _exit, and
 * for waits in a call lock_wait and lock_acquired (SPEC 8.4, 8.6).
 */

#include "format/reader.h"

static inline bool ctrace_is_lock_event(enum ctrace_kind kind)
{
	return kind == CTRACE_KIND_LOCK_WAIT || kind == CTRACE_KIND_LOCK_ACQUIRED;
}

/* Which value is the call's number, and how many there are at least. */
static inline unsigned ctrace_call_field(enum ctrace_kind kind)
{
	return ctrace_is_lock_event(kind) ? 2 : 1;
}

/* Of those that end a call: which value is its result. */
static inline unsigned ctrace_call_result_field(enum ctrace_kind kind)
{
	return ctrace_call_field(kind) + 1;
}

#endif
