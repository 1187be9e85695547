/* SPDX-License-Identifier: MIT */
/*
 * A program that is linked with libctrace and records itself, for test_inside.py: it obeys commands
 * from its standard input and answers each with a line.
 *
 *     start FILE SOURCES   ctrace_start; what it returned
 *     stop                 ctrace_stop; likewise
 *     serve                ctrace_serve at any port; what it returned
 *     stand N              threads that wait to be told to sleep; "ok"
 *     who                  they; "TID 0 …"
 *     nap TIMES            they sleep so often and wait again; "TID SWITCHES …"
 *     late N TIMES         threads that come, sleep and end; "TID SWITCHES …"
 *     spin MS              a thread that runs for so much of its own time; "TID"
 *     churn on | off       threads that come and go all the time; "ok"
 *     again N FILE SOURCES start and stop so often; how many failed
 *     fork FILE SOURCES    a child that tells how many of our descriptors it has, and then records
 *                          itself: "DESCRIPTORS START STOP"
 *     child | orphan       a child that lives on, or its end; "ok"
 *     exec                 it becomes another program, this one again; its pid
 *     seize                closes every descriptor above 2, and opens others instead; how many
 *     seized               how many of those are open still
 *     files | limit N      how many descriptors there are; at most N from now on
 *     call N               N calls of getppid on this thread; "TID"
 *     quit
 */

#include <ctrace/trace.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 64
#define FILES_MAX   1024

static int own_tid(void)
{
	return (int)syscall(SYS_gettid);
}

static long own_switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

static void sleep_often(int times)
{
	const struct timespec time = {.tv_nsec = 500000};

	for (int i = 0; i < times; i++) {
		TRACE_SPAN("nap");
		nanosleep(&time, NULL);
	}
}

struct told {
	pthread_t thread;
	int tid;
	long switches;
};

/* ---- threads that are there ---- */

static struct told standing[THREADS_MAX];
static int standing_count, nap_times;
static pthread_barrier_t begin_nap, end_nap;

static void *stand(void *argument)
{
	struct told *told = argument;

	told->tid = own_tid();
	pthread_barrier_wait(&end_nap);
	for (;;) {
		pthread_barrier_wait(&begin_nap);
		sleep_often(nap_times);
		told->switches = own_switches();
		pthread_barrier_wait(&end_nap);
	}
	return NULL;
}

static void make_standing(int count)
{
	pthread_barrier_init(&begin_nap, NULL, (unsigned)count + 1);
	pthread_barrier_init(&end_nap, NULL, (unsigned)count + 1);
	for (int i = 0; i < count; i++) {
		pthread_create(&standing[i].thread, NULL, stand, &standing[i]);
	}
	pthread_barrier_wait(&end_nap);
	standing_count = count;
	printf("ok\n");
}

static void print_told(const struct told *told, int count)
{
	for (int i = 0; i < count; i++) {
		printf("%d %ld ", told[i].tid, told[i].switches);
	}
	printf("\n");
}

static void nap(int times)
{
	nap_times = times;
	pthread_barrier_wait(&begin_nap);
	pthread_barrier_wait(&end_nap);
	print_told(standing, standing_count);
}

/* ---- threads that come ---- */

static void *come(void *argument)
{
	struct told *told = argument;

	told->tid = own_tid();
	pthread_setname_np(pthread_self(), "late");
	sleep_often((int)told->switches);
	told->switches = own_switches();
	return NULL;
}

static void come_late(int count, int times)
{
	struct told late[THREADS_MAX];

	for (int i = 0; i < count; i++) {
		late[i].switches = times;
		pthread_create(&late[i].thread, NULL, come, &late[i]);
	}
	for (int i = 0; i < count; i++) {
		pthread_join(late[i].thread, NULL);
	}
	print_told(late, count);
}

static atomic_bool is_churning;
static pthread_t churners[2];

static void *do_nothing(void *unused)
{
	return unused;
}

static void *churn(void *unused)
{
	while (atomic_load(&is_churning)) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, do_nothing, NULL) == 0) {
			pthread_join(thread, NULL);
		}
	}
	return unused;
}

static void set_churn(bool is_on)
{
	for (int i = 0; i < 2 && !is_on; i++) {
		atomic_store(&is_churning, false);
		pthread_join(churners[i], NULL);
	}
	for (int i = 0; i < 2 && is_on; i++) {
		atomic_store(&is_churning, true);
		pthread_create(&churners[i], NULL, churn, NULL);
	}
	printf("ok\n");
}

/* ---- threads that run ---- */

/* No jump to a function in place of a call: the stack is the truth. */
static volatile uint64_t sum;

__attribute__((noinline)) static void burn(uint64_t times)
{
	for (uint64_t i = 0; i < times; i++) {
		sum += i;
	}
}

__attribute__((noinline)) static void burn_one(void)
{
	burn(20000);
	sum++;
}

__attribute__((noinline)) static void burn_three(void)
{
	burn(60000);
	sum++;
}

static void *spin(void *argument)
{
	struct told *told = argument;
	struct timespec now;

	told->tid = own_tid();
	do {
		burn_one();
		burn_three();
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < told->switches);
	return NULL;
}

static void spin_for(int milliseconds)
{
	struct told spinner = {.switches = milliseconds};

	pthread_create(&spinner.thread, NULL, spin, &spinner);
	pthread_join(spinner.thread, NULL);
	printf("%d\n", spinner.tid);
}

static void call_often(int times)
{
	for (int i = 0; i < times; i++) {
		syscall(SYS_getppid);
	}
	printf("%d\n", own_tid());
}

/* ---- recording ---- */

static int start(const char *file, const char *sources)
{
	const struct ctrace_settings settings = {.file = file, .sources = sources};

	return ctrace_start(&settings);
}

static void start_again(int times, const char *file, const char *sources)
{
	int failed = 0;

	for (int i = 0; i < times; i++) {
		failed += start(file, sources) != 0;
		failed += ctrace_stop() != 0;
	}
	printf("%d\n", failed);
}

/* ---- descriptors ---- */

static int count_files(void)
{
	int count = 0;

	for (int fd = 0; fd < FILES_MAX; fd++) {
		count += fcntl(fd, F_GETFD) != -1;
	}
	return count;
}

static void fork_child(const char *file, const char *sources)
{
	int before = count_files();

	if (fork() == 0) {
		int more = count_files() - before, started = start(file, sources);

		printf("%d %d ", more, started);
		printf("%d\n", ctrace_stop());
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

static pid_t living;

static void begin_child(void)
{
	living = fork();
	while (living == 0) {
		pause();
	}
	printf("ok\n");
}

static void end_child(void)
{
	kill(living, SIGKILL);
	waitpid(living, NULL, 0);
	printf("ok\n");
}

static bool is_seized[FILES_MAX];

static void seize(void)
{
	int count = 0;

	for (int fd = 3; fd < FILES_MAX; fd++) {
		is_seized[fd] = fcntl(fd, F_GETFD) != -1;
	}
	for (int fd = 3; fd < FILES_MAX; fd++) {
		if (is_seized[fd]) {
			int other = open("/dev/null", O_RDWR | O_CLOEXEC);

			dup3(other, fd, O_CLOEXEC);
			close(other);
			count++;
		}
	}
	printf("%d\n", count);
}

static void tell_seized(void)
{
	int count = 0;

	for (int fd = 3; fd < FILES_MAX; fd++) {
		count += is_seized[fd] && fcntl(fd, F_GETFD) != -1;
	}
	printf("%d\n", count);
}

static void limit_files(int count)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = (rlim_t)count;
	printf("%d\n", setrlimit(RLIMIT_NOFILE, &limit));
}

/* ---- commands ---- */

static void obey(const char *word, const char *a, const char *b, const char *c)
{
	if (strcmp(word, "start") == 0) {
		printf("%d\n", start(a, b));
	} else if (strcmp(word, "stop") == 0) {
		printf("%d\n", ctrace_stop());
	} else if (strcmp(word, "serve") == 0) {
		printf("%d\n", ctrace_serve("127.0.0.1:0"));
	} else if (strcmp(word, "stand") == 0) {
		make_standing(atoi(a));
	} else if (strcmp(word, "who") == 0) {
		print_told(standing, standing_count);
	} else if (strcmp(word, "nap") == 0) {
		nap(atoi(a));
	} else if (strcmp(word, "late") == 0) {
		come_late(atoi(a), atoi(b));
	} else if (strcmp(word, "spin") == 0) {
		spin_for(atoi(a));
	} else if (strcmp(word, "call") == 0) {
		call_often(atoi(a));
	} else if (strcmp(word, "churn") == 0) {
		set_churn(strcmp(a, "on") == 0);
	} else if (strcmp(word, "again") == 0) {
		start_again(atoi(a), b, c);
	} else if (strcmp(word, "fork") == 0) {
		fork_child(a, b);
	} else if (strcmp(word, "child") == 0) {
		begin_child();
	} else if (strcmp(word, "orphan") == 0) {
		end_child();
	} else if (strcmp(word, "exec") == 0) {
		execl("/proc/self/exe", "inside-host", NULL);
	} else if (strcmp(word, "seize") == 0) {
		seize();
	} else if (strcmp(word, "seized") == 0) {
		tell_seized();
	} else if (strcmp(word, "files") == 0) {
		printf("%d\n", count_files());
	} else if (strcmp(word, "limit") == 0) {
		limit_files(atoi(a));
	} else {
		printf("what is %s?\n", word);
	}
	fflush(stdout);
}

int main(void)
{
	char line[1024];

	printf("%d\n", own_tid());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		char word[32] = "", a[512] = "", b[512] = "", c[512] = "";

		sscanf(line, "%31s %511s %511s %511s", word, a, b, c);
		if (strcmp(word, "quit") == 0) {
			return 0;
		}
		obey(word, a, b, c);
	}
	return 0;
}
