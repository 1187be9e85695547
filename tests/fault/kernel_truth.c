/* SPDX-License-Identifier: MIT */
/*
 * Programs whose scheduling and calls are known: what the kernel's events say of them is held
 * against what they say of themselves on standard output.
 *
 *     calls         known numbers of calls, some of them in a child process
 *     many N        N calls of getppid
 *     switches      threads that count their own switches: "switches TID COUNT"
 *     sleep N       a thread that sleeps N times: "sleeper TID"
 *     spin          two threads that spin on one CPU: "spinner TID", twice
 *     pingpong N    two threads that wait for each other over pipes: "player TID", twice
 *     texts FOLDER  calls with paths and addresses
 *     wait          until it is killed: "waiting PID"
 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SWITCHERS 4

static int own_tid(void)
{
	return (int)syscall(SYS_gettid);
}

static void sleep_us(long us)
{
	const struct timespec time = {.tv_nsec = us * 1000};

	nanosleep(&time, NULL);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- calls ---- */

static void call_many(long number, int times)
{
	for (int i = 0; i < times; i++) {
		syscall(number);
	}
}

static int calls(void)
{
	char byte;
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	pid_t child;

	call_many(SYS_getppid, 1000);
	call_many(SYS_getuid, 500);
	for (int i = 0; i < 300; i++) {
		if (pread(zero, &byte, 1, 0) != 1) {
			return 1;
		}
	}
	close(zero);
	close(zero); /* fails: a call is a call */
	child = fork();
	if (child == 0) {
		call_many(SYS_getgid, 200);
		_exit(0);
	}
	return waitpid(child, NULL, 0) == child ? 0 : 1;
}

/* ---- switches ---- */

struct switcher {
	pthread_t thread;
	int tid, number;
	char status[4096]; /* of /proc, read in one call at its end */
};

static void *switch_often(void *argument)
{
	struct switcher *self = argument;
	int fd = open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	self->tid = own_tid();
	for (int i = 0; i < 20 * (self->number + 1); i++) {
		sleep_us(100);
		sched_yield();
	}
	got = read(fd, self->status, sizeof(self->status) - 1);
	self->status[got > 0 ? got : 0] = '\0';
	return NULL;
}

static long number_behind(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	return at != NULL ? strtol(at + strlen(word), NULL, 10) : -1;
}

static int switches(void)
{
	static struct switcher list[SWITCHERS];

	for (int i = 0; i < SWITCHERS; i++) {
		list[i].number = i;
		pthread_create(&list[i].thread, NULL, switch_often, &list[i]);
	}
	for (int i = 0; i < SWITCHERS; i++) {
		pthread_join(list[i].thread, NULL);
		printf("switches %d %ld\n", list[i].tid,
		       number_behind(list[i].status, "\nvoluntary_ctxt_switches:") +
			       number_behind(list[i].status, "\nnonvoluntary_ctxt_switches:"));
	}
	return 0;
}

/* ---- states ---- */

static int sleep_times;

static void *sleep_often(void *unused)
{
	(void)unused;
	printf("sleeper %d\n", own_tid());
	fflush(stdout);
	for (int i = 0; i < sleep_times; i++) {
		sleep_us(1000);
	}
	return NULL;
}

/* On one CPU both, so that one runs while the other could. */
static void *spin(void *unused)
{
	cpu_set_t first;
	uint64_t end;

	(void)unused;
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
	printf("spinner %d\n", own_tid());
	fflush(stdout);
	end = now_ns() + 200000000u;
	while (now_ns() < end) {
	}
	return NULL;
}

static int pair(void *(*run)(void *), int count)
{
	pthread_t threads[2];

	for (int i = 0; i < count; i++) {
		pthread_create(&threads[i], NULL, run, NULL);
	}
	for (int i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
	}
	return 0;
}

/* ---- wakers ---- */

struct player {
	int from, to, rounds;
	bool is_first;
};

static void *play(void *argument)
{
	const struct player *self = argument;
	char ball = 0;

	printf("player %d\n", own_tid());
	fflush(stdout);
	for (int i = 0; i < self->rounds; i++) {
		if (self->is_first && write(self->to, &ball, 1) != 1) {
			return NULL;
		}
		if (read(self->from, &ball, 1) != 1) {
			return NULL;
		}
		if (!self->is_first && write(self->to, &ball, 1) != 1) {
			return NULL;
		}
	}
	return NULL;
}

static int pingpong(int rounds)
{
	int there[2], back[2];
	pthread_t first, second;

	if (pipe(there) != 0 || pipe(back) != 0) {
		return 1;
	}
	struct player a = {back[0], there[1], rounds, true};
	struct player b = {there[0], back[1], rounds, false};
	pthread_create(&first, NULL, play, &a);
	pthread_create(&second, NULL, play, &b);
	pthread_join(first, NULL);
	pthread_join(second, NULL);
	return 0;
}

/* ---- texts ---- */

/* A path in a page that nobody has touched: the kernel itself brings it into memory. */
static void open_untouched(void)
{
	const char path[] = "untouched";
	int fd = open("page", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	const char *page = MAP_FAILED;

	if (write(fd, path, sizeof(path)) == (ssize_t)sizeof(path)) {
		page = mmap(NULL, sizeof(path), PROT_READ, MAP_PRIVATE, fd, 0);
	}
	if (page != MAP_FAILED) {
		syscall(SYS_openat, AT_FDCWD, page, O_RDONLY);
	}
	close(fd);
}

static void rename_and_remove(void)
{
	struct stat about;

	close(open("before", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	rename("before", "after");
	stat("after", &about);
	unlink("after");
	mkdir("folder", 0700);
	rmdir("folder");
}

static void connect_to(const void *address, socklen_t size, int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	connect(fd, address, size);
	close(fd);
}

/* Nobody is there. */
static void connect_to_nobody(void)
{
	const struct sockaddr_in four = {
		.sin_family = AF_INET, .sin_port = htons(1), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "nobody.sock"};

	connect_to(&four, sizeof(four), AF_INET);
	connect_to(&local, sizeof(local), AF_UNIX);
}

static int texts(const char *folder)
{
	static char endless[5000];
	char *const arguments[] = {(char *)"program", NULL};

	if (chdir(folder) != 0) {
		return 1;
	}
	open_untouched();
	rename_and_remove();
	connect_to_nobody();
	memset(endless, 'x', sizeof(endless) - 1);
	syscall(SYS_openat, AT_FDCWD, endless, O_RDONLY);
	syscall(SYS_openat, AT_FDCWD, 8, O_RDONLY);
	execv("no such program", arguments);
	return 0;
}

static _Noreturn void wait_for_ever(void)
{
	printf("waiting %d\n", (int)getpid());
	fflush(stdout);
	while (true) {
		sleep_us(5000);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int times = argc > 2 ? atoi(argv[2]) : 0;

	if (strcmp(what, "calls") == 0) {
		return calls();
	}
	if (strcmp(what, "many") == 0) {
		call_many(SYS_getppid, times);
		return 0;
	}
	if (strcmp(what, "switches") == 0) {
		return switches();
	}
	if (strcmp(what, "sleep") == 0) {
		sleep_times = times;
		return pair(sleep_often, 1);
	}
	if (strcmp(what, "spin") == 0) {
		return pair(spin, 2);
	}
	if (strcmp(what, "pingpong") == 0) {
		return pingpong(times);
	}
	if (strcmp(what, "texts") == 0 && argc > 2) {
		return texts(argv[2]);
	}
	if (strcmp(what, "wait") == 0) {
		wait_for_ever();
	}
	return 2;
}
