/* SPDX-License-Identifier: MIT */

/*
 * Ways to run calls-host other than making each call once:
 *
 *     counts    so many of each call, for who counts them
 *     signals   handlers that write, thousands of them, during calls
 *     jump      out of handlers that interrupted a call
 *     threads   64 at once that read and exit, with destructors that write
 *     fault     a SIGSEGV handler of its own; pointers that the kernel refuses
 *     cancel, storm: calls_ways.h
 */

#include "tests/preload/calls_ways.h"

#include "tests/preload/calls_host.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static void count(void)
{
	char buffer[8];
	int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY);
	FILE *file = fopen("/dev/zero", "r");

	for (int i = 0; i < 7; i++) {
		show("read", read(zero, buffer, sizeof(buffer)));
	}
	for (int i = 0; i < 5; i++) {
		show("write", write(null, buffer, sizeof(buffer)));
	}
	for (int i = 0; i < 3; i++) {
		show("access", access("/nothing", F_OK));
		show("fread", (int64_t)fread(buffer, 1, 4, file));
	}
	fclose(file);
	close(zero);
	close(null);
}

/* ---- signals ---- */

#define SIGNAL_READS 20000

static volatile sig_atomic_t handled, null_fd;

static void write_in_handler(int unused)
{
	int saved = errno;

	(void)unused;
	handled += write(null_fd, "x", 1) == 1;
	errno = saved;
}

static void ring_every(long microseconds)
{
	const struct itimerval time = {{0, microseconds}, {0, microseconds}};

	setitimer(ITIMER_REAL, &time, NULL);
}

static void handle_signals(void)
{
	const struct sigaction action = {.sa_handler = write_in_handler, .sa_flags = SA_RESTART};
	int zero = open("/dev/zero", O_RDONLY), good = 0;
	char buffer[64];

	null_fd = open("/dev/null", O_WRONLY);
	sigaction(SIGALRM, &action, NULL);
	ring_every(100);
	for (int i = 0; i < SIGNAL_READS || handled < 500; i++) {
		errno = 0;
		good += read(zero, buffer, sizeof(buffer)) == (ssize_t)sizeof(buffer) && errno == 0;
		good -= i >= SIGNAL_READS;
	}
	ring_every(0);
	show("good", good);
	show("handled", handled >= 500);
}

static sigjmp_buf outside;

static void jump_out(int unused)
{
	(void)unused;
	siglongjmp(outside, 1);
}

static void jump(void)
{
	const struct sigaction action = {.sa_handler = jump_out};
	volatile int jumps = 0;
	char byte;
	int ends[2];

	if (pipe(ends) != 0) {
		return;
	}
	sigaction(SIGALRM, &action, NULL);
	if (sigsetjmp(outside, 1) != 0) {
		jumps++;
	}
	if (jumps < 50) {
		ring_every(1000);
		read(ends[0], &byte, 1);
	}
	ring_every(0);
	show("jumps", jumps);
	show("write", write(ends[1], "x", 1));
	show("read", read(ends[0], &byte, 1));
}

/* ---- threads ---- */

#define THREADS 64
#define READS	200

static pthread_key_t key;
static int zero_fd;

static void write_at_exit(void *unused)
{
	(void)unused;
	write(null_fd, "bye", 3);
}

static void *read_much(void *unused)
{
	int64_t good = 0;
	char buffer[16];

	(void)unused;
	pthread_setspecific(key, &key);
	for (int i = 0; i < READS; i++) {
		good += read(zero_fd, buffer, sizeof(buffer)) == (ssize_t)sizeof(buffer);
	}
	pthread_exit((void *)good);
}

static void thread_waves(void)
{
	pthread_t threads[THREADS];
	int64_t good = 0;
	void *result;

	zero_fd = open("/dev/zero", O_RDONLY);
	null_fd = open("/dev/null", O_WRONLY);
	pthread_key_create(&key, write_at_exit);
	for (int i = 0; i < THREADS; i++) {
		pthread_create(&threads[i], NULL, read_much, NULL);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		good += (int64_t)result;
	}
	show("good", good);
}

/* ---- faults ---- */

static volatile sig_atomic_t faults;

static void on_fault(int unused)
{
	(void)unused;
	faults++;
	siglongjmp(outside, 1);
}

static void fault(void)
{
	const struct sigaction action = {.sa_handler = on_fault};
	const char *const bad = (const char *)16;
	volatile char byte = 0;
	struct stat about;

	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(outside, 1) == 0) {
		byte = *(const volatile char *)bad;
	}
	show("byte", byte);
	SHOW("open", open(bad, O_RDONLY));
	SHOW("openat", openat(-1, bad, O_RDONLY));
	SHOW("stat", stat(bad, &about));
	SHOW("unlink", unlink(bad));
	SHOW("mkdir", mkdir(bad, 0));
	show("faults", faults);
}

bool run_way(const char *way)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} ways[] = {{"counts", count},	 {"signals", handle_signals},
		    {"jump", jump},	 {"threads", thread_waves},
		    {"fault", fault},	 {"cancel", way_cancel},
		    {"storm", way_storm}};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(way, ways[i].name) == 0) {
			ways[i].run();
			return true;
		}
	}
	return false;
}
