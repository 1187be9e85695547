/* SPDX-License-Identifier: MIT */
/* Descriptors and what they stood for; see kept_files.h. */

#include "tracer/sources/kernel/kept_files.h"

#include <linux/perf_event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Blocks are made when they are needed, and stay: a child may look at any moment. */
#define BLOCK_FILES 128u

struct ctrace_kept_file {
	/* [A] release: what it stands for before its number. Met by the acquire of a forked child,
	 * whose memory is of one moment. */
	_Atomic int number; /* the descriptor + 1; 0: free */
	uint64_t event;	    /* of a perf event; 0: it is none */
	dev_t device;
	ino_t inode;
	struct ctrace_kept_file *next_free;
};

struct block {
	struct block *next;
	struct ctrace_kept_file files[BLOCK_FILES];
};

static _Atomic(struct block *) blocks;
static struct ctrace_kept_file *first_free; /* under `lock` */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- what it stands for ---- */

static uint64_t event_of(int fd)
{
	uint64_t event = 0;

	return ioctl(fd, PERF_EVENT_IOC_ID, &event) == 0 ? event : 0;
}

static void look(int fd, struct ctrace_kept_file *kept)
{
	struct stat status = {0};

	kept->event = event_of(fd);
	fstat(fd, &status);
	kept->device = status.st_dev;
	kept->inode = status.st_ino;
}

bool ctrace_kept_is_ours(const struct ctrace_kept_file *kept)
{
	int fd = ctrace_kept_fd(kept);
	struct stat status;

	if (fd < 0) {
		return false;
	}
	if (kept->event != 0) {
		return event_of(fd) == kept->event;
	}
	return fstat(fd, &status) == 0 && status.st_dev == kept->device &&
	       status.st_ino == kept->inode;
}

int ctrace_kept_fd(const struct ctrace_kept_file *kept)
{
	/* [A] */
	return atomic_load_explicit(&kept->number, memory_order_acquire) - 1;
}

uint64_t ctrace_kept_event(const struct ctrace_kept_file *kept)
{
	return kept->event;
}

/* ---- places ---- */

static void add_block(void)
{
	struct block *block = calloc(1, sizeof(*block));

	if (block == NULL) {
		return;
	}
	for (unsigned i = 0; i < BLOCK_FILES; i++) {
		block->files[i].next_free = first_free;
		first_free = &block->files[i];
	}
	block->next = atomic_load_explicit(&blocks, memory_order_relaxed);
	/* [B] release: a block that is whole. Met by the acquire in the child. */
	atomic_store_explicit(&blocks, block, memory_order_release);
}

static struct ctrace_kept_file *take_place(void)
{
	struct ctrace_kept_file *place;

	pthread_mutex_lock(&lock);
	if (first_free == NULL) {
		add_block();
	}
	place = first_free;
	if (place != NULL) {
		first_free = place->next_free;
	}
	pthread_mutex_unlock(&lock);
	return place;
}

static void give_back(struct ctrace_kept_file *place)
{
	pthread_mutex_lock(&lock);
	place->next_free = first_free;
	first_free = place;
	pthread_mutex_unlock(&lock);
}

/* ---- their life ---- */

struct ctrace_kept_file *ctrace_kept_add(int fd)
{
	struct ctrace_kept_file *kept = take_place();

	if (kept == NULL) {
		close(fd);
		return NULL;
	}
	look(fd, kept);
	/* [A] */
	atomic_store_explicit(&kept->number, fd + 1, memory_order_release);
	return kept;
}

static void close_if_ours(struct ctrace_kept_file *kept)
{
	int fd = ctrace_kept_fd(kept);
	bool is_ours = ctrace_kept_is_ours(kept);

	atomic_store_explicit(&kept->number, 0, memory_order_relaxed);
	if (is_ours) {
		close(fd);
	}
}

void ctrace_kept_close(struct ctrace_kept_file *kept)
{
	if (kept != NULL) {
		close_if_ours(kept);
		give_back(kept);
	}
}

__attribute__((no_sanitize_thread)) void ctrace_kept_fork_child(void)
{
	/* [B] */
	struct block *block = atomic_load_explicit(&blocks, memory_order_acquire);

	for (; block != NULL; block = block->next) {
		for (unsigned i = 0; i < BLOCK_FILES; i++) {
			close_if_ours(&block->files[i]);
		}
	}
	/* Whoever held it is not here. Places that are lost to him are lost. */
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	first_free = NULL;
}
