/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BESIDE_H
#define CTRACE_BESIDE_H

/*
 * What a session records beside rings: what the kernel tells of this process. It
 * is made in a room above (tracer/inside/); the collector knows only this face of it.
 *
 *     beside = ctrace_beside_open(session, list)     slow: 20 ms, as root half a second; the trace
 * is recorded meanwhile, and not touched beside->drain(beside, now_ms)                on the
 * collector's thread, again and again beside->close(beside)                          the last of
 * it, and rows that say how it went; nobody else touches the trace by then
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctrace_session;

struct ctrace_beside {
	/* Returns how full the fullest of the kernel's buffers was, in percent. Blocks: no. */
	unsigned (*drain)(struct ctrace_beside *beside, uint64_t now_ms);
	/* Takes it. Blocks: as opening does. */
	void (*close)(struct ctrace_beside *beside);
};

/*
 * `list`: names as in `ctrace record --sources`, checked before. NULL without memory; a source
 * that does not open is no failure: the trace will say why. Thread: any but the collector's.
 */
struct ctrace_beside *ctrace_beside_open(struct ctrace_session *session, const char *list);

/* Is each word of the list a source? If not, `bad` and `bad_size` say which is none. */
bool ctrace_beside_check(const char *list, const char **bad, size_t *bad_size);

/* All there are, "a, b, c". */
void ctrace_beside_names(char *text, size_t size);

/* Does the list name something beside spans; does it want spans? */
bool ctrace_beside_is_wanted(const char *list);
bool ctrace_beside_wants_spans(const char *list);

/* Of what rings hold, what the list names besides spans, as a list of categories does: "",
 * "+alloc,+locks". Static. */
const char *ctrace_beside_named(const char *list);

/* In a forked child: what is open is the parent's. Safe in a signal handler. */
void ctrace_beside_fork_child(void);

#endif
