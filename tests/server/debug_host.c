/* SPDX-License-Identifier: MIT */
/*
 * A program with a debug port, for test_debug_http.py: some threads emit, and the
 * main thread obeys commands from its standard input, answering each with a line.
 *
 *     serve ADDRESS   ctrace_serve; what it returned
 *     stop            ctrace_serve_stop; "stopped"
 *     rest | work | flood   what the threads do: nothing, some spans, all they can
 *     stats           attempted written lost waiting sessions
 *     fork            a child that lives until a read of the descriptor given as first
 *                     argument ends; "child PID SESSIONS-OF-CHILD"
 *     quit
 */

#include <ctrace/trace.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 3

enum pace { REST, WORK, FLOOD, OVER };

static atomic_int pace = WORK;

static void emit_some(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		TRACE_SPAN("outer", TRACE_U64("i", i));
		TRACE_SPAN_C("inner", "inner");
		TRACE_COUNTER("count", i);
	}
}

/* Bytes that LZ4 cannot make small. */
static void emit_noise(unsigned count)
{
	static _Thread_local unsigned long seed;
	char noise[256];

	for (unsigned i = 0; i < count; i++) {
		for (size_t at = 0; at < sizeof(noise); at += sizeof(seed)) {
			seed = seed * 6364136223846793005ul + 1442695040888963407ul;
			memcpy(noise + at, &seed, sizeof(seed));
		}
		TRACE_INSTANT("noise", TRACE_STRN("bytes", noise, sizeof(noise)));
	}
}

static void *emitter(void *argument)
{
	TRACE_THREAD_NAME(argument);
	for (;;) {
		switch (atomic_load_explicit(&pace, memory_order_relaxed)) {
		case REST:
			usleep(5000);
			break;
		case WORK:
			emit_some(100);
			usleep(1000);
			break;
		case FLOOD:
			emit_noise(300);
			usleep(1000);
			break;
		default:
			return NULL;
		}
	}
}

static void set_pace(enum pace wanted)
{
	atomic_store_explicit(&pace, wanted, memory_order_relaxed);
	printf("ok\n");
}

static void print_stats(void)
{
	struct ctrace_counts counts;

	ctrace_stats(&counts);
	printf("%llu %llu %llu %llu %u\n", (unsigned long long)counts.attempted,
	       (unsigned long long)counts.written, (unsigned long long)counts.lost,
	       (unsigned long long)counts.waiting, counts.sessions);
}

/* The child keeps whatever it inherited until the other end of the lifeline is closed. */
static void do_fork(int lifeline)
{
	struct ctrace_counts counts;
	char byte;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child != 0) {
		return; /* the child answers */
	}
	ctrace_stats(&counts);
	printf("child %d %u\n", (int)getpid(), counts.sessions);
	fflush(stdout);
	while (read(lifeline, &byte, 1) > 0) {
	}
	_exit(0);
}

static int obey(char *line, int lifeline)
{
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "serve ", 6) == 0) {
		printf("%d\n", ctrace_serve(line + 6));
	} else if (strcmp(line, "stop") == 0) {
		ctrace_serve_stop();
		printf("stopped\n");
	} else if (strcmp(line, "rest") == 0) {
		set_pace(REST);
	} else if (strcmp(line, "work") == 0) {
		set_pace(WORK);
	} else if (strcmp(line, "flood") == 0) {
		set_pace(FLOOD);
	} else if (strcmp(line, "stats") == 0) {
		print_stats();
	} else if (strcmp(line, "fork") == 0) {
		do_fork(lifeline);
	} else {
		return 0;
	}
	fflush(stdout);
	return 1;
}

int main(int argc, char **argv)
{
	const int lifeline = argc > 1 ? atoi(argv[1]) : STDIN_FILENO;
	static char names[THREADS][16];
	pthread_t threads[THREADS];
	char line[256];

	for (int i = 0; i < THREADS; i++) {
		snprintf(names[i], sizeof(names[i]), "emitter %d", i);
		pthread_create(&threads[i], NULL, emitter, names[i]);
	}
	while (fgets(line, sizeof(line), stdin) != NULL && obey(line, lifeline)) {
	}
	atomic_store_explicit(&pace, OVER, memory_order_relaxed);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	ctrace_serve_stop();
	return EXIT_SUCCESS;
}
