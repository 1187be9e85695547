/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CALL_WORDS_H
#define CTRACE_CALL_WORDS_H

/*
 * Numbers that calls are given, as the headers call them: O_RDONLY|O_CLOEXEC, SIGCHLD, ENOENT. The
 * values are Linux's on x86-64 and arm64, written out, for a trace is read on any machine.
 *
 * Thread: any.  Allocates: nothing.
 */

#include "format/records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What `value` is called in the set of that name ("open", "prot", "signal", …): like snprintf, at
 * most `size` bytes with the NUL. Bits without a word stand as hex at the end. False: there is no
 * such set.
 */
bool ctrace_call_words(const char *set, size_t set_size, uint64_t value, char *text, size_t size);

/* "ENOENT"; NULL: not known. `number` is positive. */
const char *ctrace_errno_word(int64_t number);

/* Is this a call that waits for a mutex, a condition, a semaphore or the like? */
bool ctrace_call_is_lock(struct ctrace_bytes name);
/* Does it give nothing back where it succeeds? */
bool ctrace_call_never_returns(struct ctrace_bytes name);
/* May it wait at all? Where states are not known, time in such calls is taken for waiting. */
bool ctrace_call_may_block(struct ctrace_bytes name);

#endif
