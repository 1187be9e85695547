/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CALL_H
#define CTRACE_CALL_H

/*
 * Calls of the system and of libraries, as a preloaded library records them (preload/).
 *
 * A call's site has the kind SYSCALL_ENTER, its name, and as many unsigned arguments as are
 * recorded. In a ring:
 *
 *     code            the call begins; its arguments follow
 *     code | 0x8000   it ends; one word, its result, follows
 *     code of TEXT    what an argument of the innermost open call points to
 *
 * The file's CALLS table says the layer, which is told here by the site's category.
 *
 *               | enter | text | leave
 *     all three: the thread's own ring, as ctrace_emit; none is recorded while the
 *     thread is quiet (quiet.h).
 */

#include "tracer/src/sites/entry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As many as the format has places for. */
#define CTRACE_CALL_ARGS_MAX 6u

struct ctrace_arg;
struct ctrace_site_info;

/*
 * Make the site of a call, or of texts, known; returns its state. 0, and it stays unknown, if
 * the recorder itself calls. As ctrace_call_enter, but that it may map memory and make files.
 */
uint16_t ctrace_call_meet(const struct ctrace_site_info *site);

/*
 * The call of this code begins. Returns the code, to give to leave; 0: not recorded.
 * Cost: the clock's and about 3 ns; bench/preload.
 *
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no (a thread's first event maps
 * its ring).  errno: kept.
 */
unsigned ctrace_call_enter(unsigned code, const uint64_t *words, unsigned count);

/* The text of argument `index` of the call just begun; `code` is that of a site of texts. As above.
 */
void ctrace_call_text(unsigned code, unsigned index, const char *text, size_t size);

/* Any record of a preloaded library's, of words and strings. Returns the code; 0: not recorded. As
 * above. */
unsigned ctrace_call_record(unsigned code, const struct ctrace_arg *args, unsigned count);

/* It ends; a failure is -errno. As above. */
void ctrace_call_leave(unsigned code, int64_t result);

#endif
