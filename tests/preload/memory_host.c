/* SPDX-License-Identifier: MIT */

/*
 * Gets and gives back memory as test_memory.py knows it: memory_host WHAT [ROUNDS].
 *
 *     truth      blocks of sizes that nothing else has, from functions of their own
 *     pages      pvalloc, which not every allocator has
 *     forks      forks while four threads allocate; children allocate too
 *     handlers   a signal handler allocates, whatever it interrupts (behind bump_allocator.c)
 *     threads    64 threads at a time, blocks freed by others, and by destructors of keys
 *     loads      a library is loaded and unloaded while two threads allocate
 */

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "memory_host: line %d: " #what "\n", __LINE__);            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)
#define APART __attribute__((noinline, noclone))

/* ---- truth ---- */

#define BLOCKS 100

static void *kept[BLOCKS];

APART static void get_small(void)
{
	for (int i = 0; i < BLOCKS; i++) {
		kept[i] = malloc(10007);
		CHECK(kept[i] != NULL);
	}
	for (int i = 10; i < BLOCKS; i++) {
		free(kept[i]);
	}
}

APART static void get_zeroed(void)
{
	for (int i = 0; i < 50; i++) {
		char *block = calloc(13, 773);

		CHECK(block != NULL && block[0] == 0 && block[13 * 773 - 1] == 0);
		free(block);
	}
	CHECK(calloc((size_t)-1, 16) == NULL);
}

APART static void get_growing(void)
{
	char *block = realloc(NULL, 20011);

	memset(block, 7, 20011);
	for (int i = 0; i < 7; i++) {
		block = realloc(block, 20021 + 20000 * (size_t)i);
		CHECK(block != NULL && block[20010] == 7);
	}
	CHECK(realloc(block, (size_t)-1 / 2) == NULL);
	block = reallocarray(block, 3, 7001);
	CHECK(block != NULL && block[20010] == 7);
	CHECK(reallocarray(block, (size_t)-1, 3) == NULL);
	free(block);
}

APART static void get_aligned(void)
{
	void *block = NULL;

	CHECK(posix_memalign(&block, 256, 30011) == 0 && (size_t)block % 256 == 0);
	free(block);
	CHECK(posix_memalign(&block, 3, 30011) != 0);
	block = aligned_alloc(512, 30208);
	CHECK(block != NULL && (size_t)block % 512 == 0);
	free(block);
	block = memalign(64, 30029);
	CHECK(malloc_usable_size(block) >= 30029);
	free(block);
	free(valloc(30047));
}

static int truth(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		get_small();
		get_zeroed();
		get_growing();
		get_aligned();
	}
	free(NULL);
	return 0;
}

static int pages(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		free(pvalloc(30059));
	}
	return 0;
}

/* ---- all at once ---- */

static atomic_bool is_over;
static void *_Atomic handed[64];

static unsigned next_random(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Blocks go from hand to hand: most are freed by another thread. */
static void exchange(unsigned *state)
{
	size_t size = 1 + next_random(state) % 3000;
	char *block = next_random(state) % 3 == 0 ? calloc(1, size) : malloc(size);

	CHECK(block != NULL);
	block[0] = 1;
	block[size - 1] = 1;
	block = atomic_exchange_explicit(&handed[next_random(state) % 64], block,
					 memory_order_acq_rel);
	if (next_random(state) % 4 == 0) {
		block = realloc(block, 1 + next_random(state) % 5000);
	}
	free(block);
}

static void *allocate_on(void *context)
{
	unsigned state = (unsigned)(size_t)context;

	while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
		exchange(&state);
	}
	return NULL;
}

static void start(pthread_t *threads, int count, void *(*run)(void *))
{
	atomic_store_explicit(&is_over, false, memory_order_relaxed);
	for (int i = 0; i < count; i++) {
		CHECK(pthread_create(&threads[i], NULL, run, (void *)(size_t)(i + 1)) == 0);
	}
}

static void stop(const pthread_t *threads, int count)
{
	atomic_store_explicit(&is_over, true, memory_order_relaxed);
	for (int i = 0; i < count; i++) {
		CHECK(pthread_join(threads[i], NULL) == 0);
	}
}

static void be_a_child(unsigned state)
{
	for (int i = 0; i < 50; i++) {
		exchange(&state);
	}
	/* Some end in good order, some not. */
	if (state % 2 == 0) {
		exit(0);
	}
	_exit(0);
}

static int forks(int rounds)
{
	pthread_t threads[4];
	int status;

	start(threads, 4, allocate_on);
	for (int i = 0; i < rounds; i++) {
		pid_t child = fork();

		if (child == 0) {
			be_a_child((unsigned)i);
		}
		CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
	}
	stop(threads, 4);
	return 0;
}

/* ---- handlers ---- */

static atomic_int handled;

static void handle(int signal)
{
	unsigned state = (unsigned)signal + (unsigned)handled;

	for (int i = 0; i < 3; i++) {
		free(malloc(1 + next_random(&state) % 2000));
	}
	atomic_fetch_add_explicit(&handled, 1, memory_order_relaxed);
}

static int handlers(int rounds)
{
	const struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
	const struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
	unsigned state = 1;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (atomic_load_explicit(&handled, memory_order_relaxed) < rounds) {
		exchange(&state);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	return 0;
}

/* ---- threads ---- */

static pthread_key_t key;

/* A destructor that allocates, and frees what another made. */
static void destroy(void *block)
{
	unsigned state = 77;

	free(block);
	for (int i = 0; i < 5; i++) {
		exchange(&state);
	}
}

static void *live_shortly(void *context)
{
	unsigned state = (unsigned)(size_t)context;

	pthread_setspecific(key, malloc(777));
	for (int i = 0; i < 200; i++) {
		exchange(&state);
	}
	return NULL;
}

static int many_threads(int rounds)
{
	static pthread_t threads[64];

	CHECK(pthread_key_create(&key, destroy) == 0);
	for (int i = 0; i < rounds; i++) {
		start(threads, 64, live_shortly);
		stop(threads, 64);
	}
	return 0;
}

/* ---- loads ---- */

static int loads(int rounds)
{
	pthread_t threads[2];

	start(threads, 2, allocate_on);
	for (int i = 0; i < rounds; i++) {
		void *library = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
		void *other = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);

		CHECK(library != NULL && dlsym(library, "cos") != NULL);
		CHECK(dlsym(library, "no such name") == NULL && dlerror() != NULL);
		if (other != NULL) {
			dlclose(other);
		}
		dlclose(library);
	}
	stop(threads, 2);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int rounds);
	} ways[] = {{"truth", truth},	    {"pages", pages},	       {"forks", forks},
		    {"handlers", handlers}, {"threads", many_threads}, {"loads", loads}};
	int rounds = argc > 2 ? atoi(argv[2]) : 1;

	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(argv[1], ways[i].name) == 0) {
			return ways[i].run(rounds);
		}
	}
	fprintf(stderr, "usage: memory_host truth|pages|forks|handlers|threads|loads [ROUNDS]\n");
	return 2;
}
