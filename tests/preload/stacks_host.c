/* SPDX-License-Identifier: MIT */

/*
 * Gets memory where stacks are of many kinds, and says where; stacks_host WHAT [LIBRARY LIBRARY].
 *
 *     shapes      frames of many kinds
 *     threads     64 threads at a time, twice
 *     forks       children of two threads, and their children
 *     handlers    handlers of signals, on the thread's stack and on one of their own
 *     jumps       handlers that do not return
 *     coroutines  stacks of 16 KiB, behind which nothing can be read; each is unmapped, and mapped
 *                 again
 *     edge        a stack behind which another thread maps and unmaps all the time; prints rounds
 *     loads       two libraries in turn, which the loader puts at the same place
 *     bare        code made at run time without any information, with and without a frame pointer
 *     deep        10,000 functions
 */

#define _GNU_SOURCE
#include "tests/preload/stacks_host.h"

#ifdef CTRACE_TEST_LINKED
#include <ctrace/trace.h>
#endif
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "stacks_host: line %d: " #what "\n", __LINE__);            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* ---- threads and processes ---- */

static void *get_some(void *unused)
{
	GET_BLOCK();
	get_in_classes();
	GET_BLOCK();
	return unused;
}

static void run_threads(void)
{
	pthread_t threads[64];

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 64; i++) {
			CHECK(pthread_create(&threads[i], NULL, get_some, NULL) == 0);
		}
		for (unsigned i = 0; i < 64; i++) {
			CHECK(pthread_join(threads[i], NULL) == 0);
		}
	}
}

APART static void run_child(unsigned generation)
{
	pid_t child;

	GET_BLOCK();
	get_in_classes();
	fflush(stdout);
	child = generation > 0 ? fork() : -1;
	if (child == 0) {
		forget_notes();
		run_child(generation - 1);
		print_notes();
		exit(0);
	}
	if (child > 0) {
		CHECK(waitpid(child, NULL, 0) == child);
	}
	GET_BLOCK();
}

static void run_forks(void)
{
	GET_BLOCK();
	get_in_classes();
	run_child(2);
}

/* ---- handlers ---- */

static sigjmp_buf back;

static void handle(int unused)
{
	(void)unused;
	GET_BLOCK();
	get_in_classes();
	GET_BLOCK();
}

static void handle_and_jump(int unused)
{
	(void)unused;
	GET_BLOCK();
	siglongjmp(back, 1);
}

static void set_handler(void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
}

APART static void interrupt(unsigned depth)
{
	volatile unsigned kept = depth;

	if (depth == 0) {
		raise(SIGUSR1);
		GET_BLOCK();
		return;
	}
	interrupt(depth - 1);
	kept++;
}

static void run_handlers(void)
{
	static _Alignas(64) char other[65536];
	const stack_t stack = {.ss_sp = other, .ss_size = sizeof(other)};

	set_handler(handle, 0);
	interrupt(3);
	CHECK(sigaltstack(&stack, NULL) == 0);
	set_handler(handle, SA_ONSTACK);
	for (unsigned i = 0; i < 5; i++) {
		interrupt(i);
		GET_BLOCK();
	}
}

static void run_jumps(void)
{
	set_handler(handle_and_jump, SA_NODEFER);
	for (unsigned i = 0; i < 20; i++) {
		if (sigsetjmp(back, 1) == 0) {
			interrupt(i);
		}
		GET_BLOCK();
	}
}

/* ---- coroutines ---- */

#define SMALL 16384

static ucontext_t caller, callee;

static void be_coroutine(void)
{
	for (unsigned i = 0; i < 3; i++) {
		GET_BLOCK();
		get_in_classes();
		swapcontext(&callee, &caller);
	}
}

APART static void run_coroutine(unsigned distance)
{
	char *stack = mmap(NULL, 3 * SMALL, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(stack != MAP_FAILED);
	stack += SMALL;
	CHECK(mprotect(stack, SMALL, PROT_READ | PROT_WRITE) == 0);
	CHECK(getcontext(&callee) == 0);
	callee.uc_stack = (stack_t){.ss_sp = stack, .ss_size = SMALL - distance};
	callee.uc_link = &caller;
	makecontext(&callee, be_coroutine, 0);
	for (unsigned i = 0; i < 3; i++) {
		CHECK(swapcontext(&caller, &callee) == 0);
		GET_BLOCK();
	}
	CHECK(munmap(stack - SMALL, 3 * SMALL) == 0);
}

static void *run_coroutines(void *unused)
{
	for (unsigned i = 0; i < 8; i++) {
		run_coroutine(i * 16);
	}
	return unused;
}

/* ---- libraries ---- */

static void call_library(const char *path, unsigned round)
{
	void *library = dlopen(path, RTLD_NOW);
	/* Each has it, with another frame; it calls us back. */
	void (*through)(void (*)(unsigned), unsigned) =
		library != NULL ? (void (*)(void (*)(unsigned), unsigned))dlsym(library, "through")
				: NULL;

	CHECK(through != NULL);
	through(interrupt, round % 3);
	CHECK(dlclose(library) == 0);
}

static void ignore(int unused)
{
	(void)unused;
}

static void run_loads(char **libraries)
{
	set_handler(ignore, 0);
	for (unsigned i = 0; i < 40; i++) {
		call_library(libraries[i % 2], i);
	}
}

/* ---- code without information ---- */

static void *bare_code(const uint8_t *bytes, size_t size)
{
	uint8_t *code =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(code != MAP_FAILED);
	memcpy(code, bytes, size);
	CHECK(mprotect(code, 4096, PROT_READ | PROT_EXEC) == 0);
	return code;
}

static void get_one(void)
{
	void *volatile block = malloc(unnoted_size());

	free(block);
	AFTER_CALL();
}

static void get_another(void)
{
	GET_BLOCK();
}

/* push rbp; mov rbp, rsp; call rdi; pop rbp; ret */
static const uint8_t framed[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
/* push rbp; mov rbp, 0x123456789abcdef0; call rdi; pop rbp; ret */
static const uint8_t unframed[] = {0x55, 0x48, 0xbd, 0xf0, 0xde, 0xbc, 0x9a, 0x78,
				   0x56, 0x34, 0x12, 0xff, 0xd7, 0x5d, 0xc3};
/* push rbp; lea rbp, [rsp+rsi]; call rdi; pop rbp; ret */
static const uint8_t astray[] = {0x55, 0x48, 0x8d, 0x2c, 0x34, 0xff, 0xd7, 0x5d, 0xc3};

APART static void run_bare(void)
{
	void (*call)(void (*)(void), uintptr_t) = bare_code(framed, sizeof(framed));

	/* Where the code without information goes on in what has some. */
	for (unsigned i = 0; i < 10; i++) {
		printf("bare %zu\n", unnoted_size() + 1);
		call(get_one, 0);
		GET_BLOCK();
	}
	call = bare_code(unframed, sizeof(unframed));
	call(get_one, 0);
	call(get_another, 0);
	call = bare_code(astray, sizeof(astray));
	for (uintptr_t far = 1; far < UINTPTR_MAX / 8; far = far * 3 + 8) {
		call(get_one, far & ~(uintptr_t)7);
		call(get_one, far);
		call(get_one, -(far & ~(uintptr_t)7));
	}
	GET_BLOCK();
}

APART static unsigned go_deep(unsigned depth)
{
	volatile unsigned kept = depth;

	if (depth % 500 == 0) {
		GET_BLOCK();
	}
	if (depth > 0) {
		kept += go_deep(depth - 1);
	}
	if (depth % 700 == 0) {
		GET_BLOCK();
	}
	return kept;
}

/* ---- all ---- */

static void run_all(char **words)
{
	if (strcmp(words[1], "shapes") == 0) {
		get_in_shapes();
		get_in_classes();
	} else if (strcmp(words[1], "threads") == 0) {
		run_threads();
	} else if (strcmp(words[1], "forks") == 0) {
		run_forks();
	} else if (strcmp(words[1], "handlers") == 0) {
		run_handlers();
	} else if (strcmp(words[1], "jumps") == 0) {
		run_jumps();
	} else if (strcmp(words[1], "coroutines") == 0) {
		pthread_t thread;

		run_coroutines(NULL);
		CHECK(pthread_create(&thread, NULL, run_coroutines, NULL) == 0);
		CHECK(pthread_join(thread, NULL) == 0);
	} else if (strcmp(words[1], "edge") == 0) {
		get_at_the_edge(bare_code(astray, sizeof(astray)));
		_exit(fflush(stdout) == 0 ? 0 : 1);
	} else if (strcmp(words[1], "loads") == 0) {
		run_loads(words + 2);
	} else if (strcmp(words[1], "bare") == 0) {
		run_bare();
	} else {
		go_deep(10000);
	}
}

#ifdef CTRACE_TEST_LINKED
/* By its own recorder. */
static void record(void)
{
	const struct ctrace_settings settings = {.file = getenv("STACKS_TRACE"),
						 .sources = "spans,alloc"};

	CHECK(ctrace_start(&settings) == 0);
}

static void end_record(void)
{
	CHECK(ctrace_stop() == 0);
}
#else
static void record(void)
{
}

static void end_record(void)
{
}
#endif

int main(int argc, char **argv)
{
	CHECK(argc > 1);
	record();
	/* backtrace() loads what it needs at its first call. */
	note_stack();
	forget_notes();
	run_all(argv);
	end_record();
	print_notes();
	return 0;
}
