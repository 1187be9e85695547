/* SPDX-License-Identifier: MIT */

/*
 * A program for `ctrace record` and ring directories that does what its words say, one
 * after the other:
 *
 *     record_host emit:100 fork:20 exec emit:5 exit:3
 *
 * emit:N numbered instants; threads:N threads of ten instants each; fork:N, _fork:N, clone:N a
 * child of N instants, waited for; orphan:N one that goes on alone; span a span that stays open;
 * exec the rest in a new image; exit:N, _exit:N, abort, kill, crash:SIGNAL ends; wait ends with 100
 * + how many signals came once one of them was SIGTERM or a second has passed since the first;
 * touch:FILE; stop-parent the parent waits for SIGCONT.
 */

#include <ctrace/trace.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t signals, is_term;
static uint64_t next_number;

static void pause_ms(long milliseconds)
{
	const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};

	nanosleep(&time, NULL);
}

static void emit(long count)
{
	for (long i = 0; i < count; i++) {
		TRACE_INSTANT("number", TRACE_U64("n", next_number));
		next_number++;
		TRACE_INSTANT_C("noise", "noise");
	}
}

static void *emit_ten(void *unused)
{
	emit(10);
	return unused;
}

static void run_threads(long count)
{
	pthread_t thread;

	for (long i = 0; i < count; i++) {
		pthread_create(&thread, NULL, emit_ten, NULL);
		pthread_join(thread, NULL);
	}
}

static void end_child(pid_t pid, long count, bool is_alone)
{
	if (pid == 0) {
		if (is_alone) {
			pause_ms(50);
		}
		emit(count);
		_exit(0);
	}
	if (!is_alone) {
		waitpid(pid, NULL, 0);
	}
}

static void on_signal(int signal)
{
	signals++;
	is_term = signal == SIGTERM || is_term;
}

static void wait_for_signals(void)
{
	static const int all[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
	int rounds = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		signal(all[i], on_signal);
	}
	printf("waiting\n");
	fflush(stdout);
	for (int i = 0; i < 3000 && is_term == 0 && rounds < 100; i++) {
		pause_ms(10);
		rounds += signals > 0;
	}
	exit(100 + signals);
}

static void touch(const char *path)
{
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void crash(int number)
{
	static volatile uintptr_t nowhere = 8;

	if (number == SIGSEGV) {
		*(volatile int *)nowhere = 1; /* NOLINT: that is what is wanted */
	}
	raise(number);
}

/* True: it was one of these. */
static bool run_ending(const char *word, long number)
{
	if (strncmp(word, "exit", 4) == 0) {
		exit((int)number);
	} else if (strncmp(word, "_exit", 5) == 0) {
		_exit((int)number);
	} else if (strcmp(word, "abort") == 0) {
		abort();
	} else if (strcmp(word, "kill") == 0) {
		kill(getpid(), SIGKILL);
	} else if (strncmp(word, "crash", 5) == 0) {
		crash((int)number);
	} else if (strcmp(word, "wait") == 0) {
		wait_for_signals();
	} else {
		return false;
	}
	return true;
}

static void run_word(const char *word)
{
	const char *colon = strchr(word, ':');
	long number = colon != NULL ? strtol(colon + 1, NULL, 10) : 0;

	if (strncmp(word, "emit", 4) == 0) {
		emit(number);
	} else if (strncmp(word, "threads", 7) == 0) {
		run_threads(number);
	} else if (strncmp(word, "fork", 4) == 0) {
		end_child(fork(), number, false);
	} else if (strncmp(word, "_fork", 5) == 0) {
		end_child(_Fork(), number, false);
	} else if (strncmp(word, "clone", 5) == 0) {
		end_child((pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL), number,
			  false);
	} else if (strncmp(word, "orphan", 6) == 0) {
		end_child(fork(), number, true);
	} else if (strncmp(word, "sleep", 5) == 0) {
		pause_ms(number);
	} else if (strcmp(word, "stop-parent") == 0) {
		kill(getppid(), SIGSTOP);
	} else if (strncmp(word, "touch", 5) == 0) {
		touch(colon + 1);
	} else if (!run_ending(word, number)) {
		fprintf(stderr, "record_host: %s?\n", word);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "exec") == 0) {
			argv[i] = argv[0];
			execv("/proc/self/exe", argv + i);
			return 2;
		}
		if (strcmp(argv[i], "span") == 0) {
			TRACE_BEGIN("open");
			continue;
		}
		run_word(argv[i]);
	}
	return 0;
}
