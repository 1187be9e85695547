/* SPDX-License-Identifier: MIT */
/* TRACE_GC_BEGIN, TRACE_GC_END, TRACE_GC_HEAP: a program with a collector of its own, which marks
 * what can be reached and frees the rest. */

#include <ctrace/trace.h>
#include <stdlib.h>

#define BLOCK_BYTES 100

struct block {
	struct block *next;	 /* of all there are */
	struct block *reference; /* what it keeps alive */
	int is_marked;
	char content[BLOCK_BYTES];
};

static struct block *all, *root;
static size_t heap_bytes;

static struct block *get(struct block *reference)
{
	struct block *block = calloc(1, sizeof(*block));

	block->next = all;
	block->reference = reference;
	all = block;
	heap_bytes += sizeof(*block);
	return block;
}

static void mark(void)
{
	TRACE_GC_BEGIN(CTRACE_GC_MARK);
	for (struct block *block = root; block != NULL; block = block->reference) {
		block->is_marked = 1;
	}
	TRACE_GC_END(0, 0);
}

static void reclaim(void)
{
	struct block **at = &all;

	TRACE_GC_BEGIN(CTRACE_GC_RECLAIM);
	while (*at != NULL) {
		struct block *block = *at;

		if (block->is_marked) {
			block->is_marked = 0;
			at = &block->next;
		} else {
			*at = block->next;
			free(block);
			heap_bytes -= sizeof(*block);
		}
	}
	TRACE_GC_END(heap_bytes, 0);
}

static void collect(void)
{
	size_t before = heap_bytes;

	TRACE_GC_BEGIN(CTRACE_GC_FULL);
	mark();
	reclaim();
	TRACE_GC_END(heap_bytes, before - heap_bytes);
	TRACE_GC_HEAP(heap_bytes);
}

int main(void)
{
	for (int round = 0; round < 10; round++) {
		TRACE_SPAN("round", TRACE_I64("number", round));
		for (int i = 0; i < 1000; i++) {
			get(NULL); /* nobody keeps it */
		}
		root = get(root);
		TRACE_GC_HEAP(heap_bytes);
		collect();
	}
	root = NULL;
	collect();
	return 0;
}
