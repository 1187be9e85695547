/* SPDX-License-Identifier: MIT */
/*
 * Gets and gives back memory in every way that C has, the same each time, so that who counts it
 * without us comes to the same sums: see test_truth.py. Each way is a function and a line of its
 * own.
 */

#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define BLOCKS	64
#define STEPS	1500

struct worker {
	pthread_t thread;
	uint32_t random;
	bool grows;
	void *blocks[BLOCKS];
};

static uint32_t next(struct worker *self)
{
	self->random = self->random * 1664525u + 1013904223u;
	return self->random >> 8;
}

/* Mostly small, at times large enough for a mapping of its own. */
static size_t size_of(struct worker *self)
{
	uint32_t number = next(self);

	return number % 97 == 0 ? 100000 + number % 100000 : 1 + number % (1u << number % 12);
}

static void *by_malloc(struct worker *self)
{
	return malloc(size_of(self));
}

static void *by_malloc_elsewhere(struct worker *self)
{
	return malloc(size_of(self) | 1);
}

static void *by_calloc(struct worker *self)
{
	return calloc(1 + next(self) % 7, size_of(self));
}

static void *by_posix_memalign(struct worker *self)
{
	void *block = NULL;

	if (posix_memalign(&block, 64, size_of(self)) != 0) {
		abort();
	}
	return block;
}

static void *by_aligned_alloc(struct worker *self)
{
	return aligned_alloc(32, 32 * (1 + next(self) % 20));
}

static void *by_memalign(struct worker *self)
{
	return memalign(128, size_of(self));
}

static void *by_realloc(struct worker *self)
{
	return realloc(NULL, size_of(self));
}

static void *by_strdup(struct worker *self)
{
	char text[40];

	memset(text, 'x', sizeof(text));
	text[next(self) % sizeof(text)] = '\0';
	text[sizeof(text) - 1] = '\0';
	return strdup(text);
}

static void *(*const ways[])(struct worker *self) = {
	by_malloc,	  by_malloc_elsewhere, by_calloc,  by_posix_memalign,
	by_aligned_alloc, by_memalign,	       by_realloc, by_strdup,
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static void *grown(struct worker *self, void *block)
{
	return realloc(block, size_of(self));
}

static void *work(void *context)
{
	struct worker *self = context;

	for (unsigned step = 0; step < STEPS; step++) {
		void **at = &self->blocks[next(self) % BLOCKS];

		if (*at != NULL && self->grows && next(self) % 4 == 0) {
			*at = grown(self, *at);
			continue;
		}
		free(*at);
		*at = ways[next(self) % WAYS](self);
	}
	return NULL;
}

/* Half of what threads leave is given back by another one, half stays. With an argument no block
 * grows. */
int main(int argc, char **argv)
{
	static struct worker workers[THREADS];

	(void)argv;
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].random = 1 + i;
		workers[i].grows = argc == 1;
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		for (unsigned j = 0; j < BLOCKS; j += 2) {
			free(workers[i].blocks[j]);
		}
	}
	return 0;
}
