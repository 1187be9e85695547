/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DEBUG_PIPE_H
#define CTRACE_DEBUG_PIPE_H

/*
 * Bytes of one trace on their way from the collector to a client. Giving never
 * waits: what the client has not fetched is kept up to a bound, then refused.
 *
 *     collector: give … give, end        http thread: take … take, or leave
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct ctrace_debug_block;

struct ctrace_debug_pipe {
	pthread_mutex_t lock; /* held for copying only; guards what follows */
	struct ctrace_debug_block *first, *last;
	size_t unread, limit;
	bool is_ended, is_whole, has_left;
	pthread_cond_t drained; /* with `lock`: something was taken, or the client has left */
	int wake; /* eventfd written when there is something new for who takes; borrows */
};

enum ctrace_debug_taken {
	CTRACE_DEBUG_SOME,
	CTRACE_DEBUG_LATER,
	CTRACE_DEBUG_WHOLE,
	CTRACE_DEBUG_CUT
};

void ctrace_debug_pipe_init(struct ctrace_debug_pipe *pipe, size_t limit, int wake);
void ctrace_debug_pipe_finish(struct ctrace_debug_pipe *pipe);

/* False: the client has left, the limit is reached, or no memory; nothing more may be given. */
bool ctrace_debug_pipe_give(struct ctrace_debug_pipe *pipe, const void *bytes, size_t size);
/* No more will come; `is_whole` tells whether all came. */
void ctrace_debug_pipe_end(struct ctrace_debug_pipe *pipe, bool is_whole);
/* For a giver that has time: wait until no more than `bytes` are unread. False: the client has
 * left. */
bool ctrace_debug_pipe_wait(struct ctrace_debug_pipe *pipe, size_t bytes);
size_t ctrace_debug_pipe_unread(struct ctrace_debug_pipe *pipe);

/* Up to `size` bytes, and with CTRACE_DEBUG_SOME in *taken how many. */
enum ctrace_debug_taken ctrace_debug_pipe_take(struct ctrace_debug_pipe *pipe, void *bytes,
					       size_t size, size_t *taken);
/* Would taking give anything but LATER? */
bool ctrace_debug_pipe_is_ready(struct ctrace_debug_pipe *pipe);
/* The client has gone: drop what is there and refuse what comes. */
void ctrace_debug_pipe_leave(struct ctrace_debug_pipe *pipe);
bool ctrace_debug_pipe_has_left(struct ctrace_debug_pipe *pipe);

#endif
