/* SPDX-License-Identifier: MIT */

/* A coroutine whose stack ends where another thread's memory begins; see stacks_host.h. */

#define _GNU_SOURCE
#include "tests/preload/stacks_host.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>

#define STACK_BYTES (64u << 10)
#define PAGE_BYTES  4096u
#define ROUNDS	    40000u
/* The first waits for each come with stacks before others do. */
#define SEMAPHORES 4000u

static ucontext_t outside, inside;
static sem_t asked, given[SEMAPHORES];
static char *edge; /* of the stack; what lies above it is another thread's */
static atomic_bool is_over;
static unsigned done;
static void (*call_astray)(void (*get)(void), uintptr_t distance);

/* In one step each: nobody else's mapping comes between. */
static void map_above(int rights)
{
	if (mmap(edge, PAGE_BYTES, rights, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
	    edge) {
		abort();
	}
}

static void *map_and_unmap(void *unused)
{
	while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
		map_above(PROT_READ | PROT_WRITE);
		map_above(PROT_NONE);
	}
	return unused;
}

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0) {
	}
}

static void *give(void *unused)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		wait_for(&asked);
		sem_post(&given[i % SEMAPHORES]);
	}
	return unused;
}

static void get_one(void)
{
	void *volatile got = malloc(unnoted_size());

	free(got);
	AFTER_CALL();
}

static void be_at_the_edge(void)
{
	uintptr_t above = (uintptr_t)edge + PAGE_BYTES / 2;

	for (unsigned i = 0; i < ROUNDS; i++) {
		get_one();
		call_astray(get_one, above - ((uintptr_t)__builtin_frame_address(0) & ~15UL));
		sem_post(&asked);
		wait_for(&given[i % SEMAPHORES]);
		done++;
	}
}

void get_at_the_edge(void (*astray)(void (*get)(void), uintptr_t distance))
{
	void *(*const others[2])(void *) = {map_and_unmap, give};
	pthread_t threads[2];
	char *stack = mmap(NULL, STACK_BYTES + PAGE_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (stack == MAP_FAILED || getcontext(&inside) != 0) {
		abort();
	}
	edge = stack + STACK_BYTES;
	call_astray = astray;
	inside.uc_stack = (stack_t){.ss_sp = stack, .ss_size = STACK_BYTES};
	inside.uc_link = &outside;
	sem_init(&asked, 0, 0);
	for (unsigned i = 0; i < SEMAPHORES; i++) {
		sem_init(&given[i], 0, 0);
	}
	makecontext(&inside, be_at_the_edge, 0);
	for (unsigned i = 0; i < 2; i++) {
		pthread_create(&threads[i], NULL, others[i], NULL);
	}
	swapcontext(&outside, &inside);
	atomic_store_explicit(&is_over, true, memory_order_relaxed);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
	}
	printf("%u\n", done);
}
