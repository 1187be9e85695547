/* SPDX-License-Identifier: MIT */
/* A queue of blocks under a lock that is never held while waiting for anything. */

#include "tracer/http/debug_pipe.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* About the size of a chunk of a trace, so that most gives fill one or two. */
#define BLOCK_BYTES 65536

struct ctrace_debug_block {
	struct ctrace_debug_block *next;
	size_t start, end;
	unsigned char bytes[BLOCK_BYTES];
};

void ctrace_debug_pipe_init(struct ctrace_debug_pipe *pipe, size_t limit, int wake)
{
	memset(pipe, 0, sizeof(*pipe));
	pthread_mutex_init(&pipe->lock, NULL);
	pthread_cond_init(&pipe->drained, NULL);
	pipe->limit = limit;
	pipe->wake = wake;
}

static void drop_first(struct ctrace_debug_pipe *pipe)
{
	struct ctrace_debug_block *block = pipe->first;

	pipe->first = block->next;
	if (pipe->first == NULL) {
		pipe->last = NULL;
	}
	pipe->unread -= block->end - block->start;
	free(block);
}

static void drop_all(struct ctrace_debug_pipe *pipe)
{
	while (pipe->first != NULL) {
		drop_first(pipe);
	}
}

void ctrace_debug_pipe_finish(struct ctrace_debug_pipe *pipe)
{
	drop_all(pipe);
	pthread_cond_destroy(&pipe->drained);
	pthread_mutex_destroy(&pipe->lock);
}

static void wake_taker(const struct ctrace_debug_pipe *pipe)
{
	const uint64_t one = 1;

	/* Fails only when the counter is full, and then the taker is awake already. */
	if (write(pipe->wake, &one, sizeof(one)) < 0) {
		return;
	}
}

static struct ctrace_debug_block *block_with_room(struct ctrace_debug_pipe *pipe)
{
	struct ctrace_debug_block *block = pipe->last;

	if (block != NULL && block->end < BLOCK_BYTES) {
		return block;
	}
	block = malloc(sizeof(*block));
	if (block == NULL) {
		return NULL;
	}
	block->next = NULL;
	block->start = block->end = 0;
	*(pipe->last != NULL ? &pipe->last->next : &pipe->first) = block;
	pipe->last = block;
	return block;
}

static bool append(struct ctrace_debug_pipe *pipe, const unsigned char *bytes, size_t size)
{
	while (size > 0) {
		struct ctrace_debug_block *block = block_with_room(pipe);
		size_t piece;

		if (block == NULL) {
			return false;
		}
		piece = size < BLOCK_BYTES - block->end ? size : BLOCK_BYTES - block->end;
		memcpy(block->bytes + block->end, bytes, piece);
		block->end += piece;
		pipe->unread += piece;
		bytes += piece;
		size -= piece;
	}
	return true;
}

bool ctrace_debug_pipe_give(struct ctrace_debug_pipe *pipe, const void *bytes, size_t size)
{
	bool is_given;

	pthread_mutex_lock(&pipe->lock);
	is_given =
		!pipe->has_left && size <= pipe->limit - pipe->unread && append(pipe, bytes, size);
	pthread_mutex_unlock(&pipe->lock);
	wake_taker(pipe);
	return is_given;
}

void ctrace_debug_pipe_end(struct ctrace_debug_pipe *pipe, bool is_whole)
{
	pthread_mutex_lock(&pipe->lock);
	pipe->is_ended = true;
	pipe->is_whole = is_whole;
	pthread_mutex_unlock(&pipe->lock);
	wake_taker(pipe);
}

bool ctrace_debug_pipe_wait(struct ctrace_debug_pipe *pipe, size_t bytes)
{
	bool is_there;

	pthread_mutex_lock(&pipe->lock);
	while (pipe->unread > bytes && !pipe->has_left) {
		pthread_cond_wait(&pipe->drained, &pipe->lock);
	}
	is_there = !pipe->has_left;
	pthread_mutex_unlock(&pipe->lock);
	return is_there;
}

size_t ctrace_debug_pipe_unread(struct ctrace_debug_pipe *pipe)
{
	size_t unread;

	pthread_mutex_lock(&pipe->lock);
	unread = pipe->unread;
	pthread_mutex_unlock(&pipe->lock);
	return unread;
}

static size_t take_bytes(struct ctrace_debug_pipe *pipe, unsigned char *bytes, size_t size)
{
	size_t taken = 0;

	while (pipe->first != NULL && taken < size) {
		struct ctrace_debug_block *block = pipe->first;
		const size_t there = block->end - block->start;
		const size_t piece = there < size - taken ? there : size - taken;

		memcpy(bytes + taken, block->bytes + block->start, piece);
		block->start += piece;
		pipe->unread -= piece;
		taken += piece;
		if (block->start == block->end) {
			drop_first(pipe);
		}
	}
	return taken;
}

static enum ctrace_debug_taken emptiness(const struct ctrace_debug_pipe *pipe)
{
	if (pipe->has_left) {
		return CTRACE_DEBUG_CUT;
	}
	if (!pipe->is_ended) {
		return CTRACE_DEBUG_LATER;
	}
	return pipe->is_whole ? CTRACE_DEBUG_WHOLE : CTRACE_DEBUG_CUT;
}

enum ctrace_debug_taken ctrace_debug_pipe_take(struct ctrace_debug_pipe *pipe, void *bytes,
					       size_t size, size_t *taken)
{
	enum ctrace_debug_taken result = CTRACE_DEBUG_SOME;

	pthread_mutex_lock(&pipe->lock);
	*taken = take_bytes(pipe, bytes, size);
	if (*taken == 0) {
		result = emptiness(pipe);
	}
	pthread_cond_signal(&pipe->drained);
	pthread_mutex_unlock(&pipe->lock);
	return result;
}

bool ctrace_debug_pipe_is_ready(struct ctrace_debug_pipe *pipe)
{
	bool is_ready;

	pthread_mutex_lock(&pipe->lock);
	is_ready = pipe->first != NULL || emptiness(pipe) != CTRACE_DEBUG_LATER;
	pthread_mutex_unlock(&pipe->lock);
	return is_ready;
}

void ctrace_debug_pipe_leave(struct ctrace_debug_pipe *pipe)
{
	pthread_mutex_lock(&pipe->lock);
	pipe->has_left = true;
	drop_all(pipe);
	pthread_cond_signal(&pipe->drained);
	pthread_mutex_unlock(&pipe->lock);
}

bool ctrace_debug_pipe_has_left(struct ctrace_debug_pipe *pipe)
{
	bool has_left;

	pthread_mutex_lock(&pipe->lock);
	has_left = pipe->has_left;
	pthread_mutex_unlock(&pipe->lock);
	return has_left;
}
