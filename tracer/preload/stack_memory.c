/* SPDX-License-Identifier: MIT */

/* Memories of threads for their stacks; see stack_memory.h. */

#include "tracer/preload/stack_memory.h"

#include "tracer/src/sites/kernel_call.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#define LINK_BYTES 4096u
#define ALL_BYTES  ((LINK_BYTES + sizeof(struct ctrace_stack_memory) + 4095) / 4096 * 4096)
/* So many threads are asked after before a memory is mapped. */
#define ASKED_MAX 64u

/* The first page of a mapping; the memory is behind it. */
struct link {
	struct link *next; /* of `all`; never changes */
};

__thread struct ctrace_stack_mine ctrace_stack_mine __attribute__((tls_model("initial-exec")));

static struct link *_Atomic all; /* pushed, never popped */
static struct link *_Atomic asked_last;
static _Atomic uint64_t stamps;

static _Atomic int32_t *process;

static int32_t this_process(void)
{
	return (int32_t)ctrace_kernel_call(SYS_getpid, 0, 0, 0, 0);
}

static struct ctrace_stack_memory *memory_of(struct link *link)
{
	return (void *)((char *)link + LINK_BYTES);
}

/* ---- new ones ---- */

/* A forked child finds all but the first page wiped. */
static void *map(size_t bytes)
{
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED) {
		return NULL;
	}
	madvise(at, bytes, MADV_NOHUGEPAGE); /* a kernel without them refuses */
	if (madvise(at + LINK_BYTES, bytes - LINK_BYTES, MADV_WIPEONFORK) != 0) {
		munmap(at, bytes);
		return NULL;
	}
	return at;
}

static struct ctrace_stack_memory *make(int32_t self)
{
	struct link *link = map(ALL_BYTES);

	if (link == NULL) {
		return NULL;
	}
	atomic_store_explicit(&memory_of(link)->owner, self, memory_order_relaxed);
	link->next = atomic_load_explicit(&all, memory_order_acquire);
	/* [M] release: the link, before it can be found. */
	while (!atomic_compare_exchange_weak_explicit(&all, &link->next, link, memory_order_acq_rel,
						      memory_order_acquire)) {
	}
	return memory_of(link);
}

/* ---- those of threads that are gone ---- */

static bool is_gone(int32_t owner, int32_t self)
{
	/* Of the same number as ours was somebody before us. */
	return owner == 0 || owner == self ||
	       ctrace_kernel_call(SYS_tgkill, this_process(), owner, 0, 0) == -ESRCH;
}

static bool take(struct ctrace_stack_memory *memory, int32_t self)
{
	int32_t owner = atomic_load_explicit(&memory->owner, memory_order_acquire); /* [M] */

	if (!is_gone(owner, self) ||
	    !atomic_compare_exchange_strong_explicit(&memory->owner, &owner, self,
						     memory_order_acq_rel, memory_order_relaxed)) {
		return false;
	}
	/* All but its owner. */
	memset((char *)memory + sizeof(memory->owner), 0, sizeof(*memory) - sizeof(memory->owner));
	return true;
}

/* Behind the one that was asked after last, and round. */
static struct ctrace_stack_memory *take_old(int32_t self)
{
	struct link *first = atomic_load_explicit(&all, memory_order_acquire); /* [M] */
	struct link *link = atomic_load_explicit(&asked_last, memory_order_relaxed);
	struct link *begin = NULL;

	for (unsigned i = 0; i < ASKED_MAX && first != NULL; i++) {
		link = link != NULL && link->next != NULL ? link->next : first;
		if (link == begin) {
			break;
		}
		begin = begin != NULL ? begin : link;
		if (take(memory_of(link), self)) {
			atomic_store_explicit(&asked_last, link, memory_order_relaxed);
			return memory_of(link);
		}
	}
	atomic_store_explicit(&asked_last, link, memory_order_relaxed);
	return NULL;
}

/* ---- whose process this is ---- */

bool ctrace_stack_memory_start(void)
{
	char *page = map(2 * LINK_BYTES);

	if (page == NULL) {
		return false;
	}
	process = (void *)(page + LINK_BYTES);
	atomic_store_explicit(process, this_process(), memory_order_relaxed);
	return true;
}

/* A child of vfork has its parent's memory, and would leave there what it took as its own. A forked
 * one finds 0. */
static bool is_process(void)
{
	int32_t self = this_process(), found = 0;

	return atomic_load_explicit(process, memory_order_relaxed) == self ||
	       atomic_compare_exchange_strong_explicit(process, &found, self, memory_order_relaxed,
						       memory_order_relaxed);
}

struct ctrace_stack_memory *ctrace_stack_memory_take(void)
{
	struct ctrace_stack_mine *mine = &ctrace_stack_mine;
	int32_t self = (int32_t)ctrace_kernel_call(SYS_gettid, 0, 0, 0, 0);
	struct ctrace_stack_memory *memory = NULL;
	int saved = errno;

	if (!is_process()) {
		return NULL;
	}
	memory = take_old(self);
	if (memory == NULL) {
		memory = make(self);
		errno = saved;
	}
	if (memory == NULL) {
		return NULL;
	}
	mine->stamp = atomic_fetch_add_explicit(&stamps, 1, memory_order_relaxed) + 1;
	atomic_store_explicit(&memory->stamp, mine->stamp, memory_order_relaxed);
	mine->memory = memory;
	return memory;
}
