/* SPDX-License-Identifier: MIT */
/*
 * Threads that sleep where test_asleep.py knows they do. Compiled in several ways; each function
 * that is on a stack has one call of the next and goes on behind it.
 *
 *     asleep-subject hold MS         main has a lock and sleeps, a thread waits; "HOLDER WAITER"
 *     asleep-subject busy MS         the same, but main spends so much time on a processor
 *     asleep-subject stand MS        threads; "FUNCTION TID" of each, by the function that sleeps
 *     asleep-subject deep DEPTH MS   main sleeps below so many calls of `deeper`
 *     asleep-subject room MS         main sleeps below a function that makes room as it goes on
 *     asleep-subject count N MS      N threads sleep again and again; "EINTRs SIGNALS"
 *     asleep-subject many N MS       N threads sleep once
 */

#include <alloca.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define ON_STACK __attribute__((noinline))
/* What is called is not jumped to, nor left out. */
#define GO_ON() __asm__ volatile("" : : : "memory")

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;
static int ends[2];
static long sleep_ms;
static _Atomic int waiter_tid;
static _Atomic long interrupted, signals;

static struct timespec span_of(long ms)
{
	return (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
}

static struct timespec until(long ms)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += ms / 1000 + 1;
	return now;
}

/* ---- a holder ---- */

ON_STACK static int holds_it_long(long ms)
{
	const struct timespec span = span_of(ms);
	char buffer[300];
	int result;

	memset(buffer, (int)ms, sizeof(buffer));
	__asm__ volatile("" : : "r"(buffer) : "memory");
	result = nanosleep(&span, NULL);
	GO_ON();
	return result + buffer[7];
}

ON_STACK static int work(long ms)
{
	int result = holds_it_long(ms);

	GO_ON();
	return result + 1;
}

static void *wait_for_it(void *unused)
{
	(void)unused;
	waiter_tid = gettid();
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static int has_time(long ms)
{
	struct timespec now;

	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < ms);
	return 0;
}

ON_STACK static int hold(long ms, int (*meanwhile)(long ms))
{
	pthread_t thread;

	pthread_mutex_lock(&lock);
	if (pthread_create(&thread, NULL, wait_for_it, NULL) != 0) {
		return 1;
	}
	meanwhile(ms);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	printf("%d %d\n", getpid(), waiter_tid);
	return 0;
}

/* ---- who stands where ---- */

ON_STACK static int in_read(void)
{
	char byte;
	int result = (int)read(ends[0], &byte, 1);

	GO_ON();
	return result + 1;
}

ON_STACK static int in_poll(void)
{
	struct pollfd about = {.fd = -1};
	int result = poll(&about, 1, (int)sleep_ms);

	GO_ON();
	return result + 1;
}

ON_STACK static int in_epoll(void)
{
	struct epoll_event event;
	int result = epoll_wait(epoll_create1(EPOLL_CLOEXEC), &event, 1, (int)sleep_ms);

	GO_ON();
	return result + 1;
}

ON_STACK static int in_condition(void)
{
	const struct timespec end = until(sleep_ms);
	int result;

	pthread_mutex_lock(&other);
	result = pthread_cond_timedwait(&condition, &other, &end);
	GO_ON();
	pthread_mutex_unlock(&other);
	return result + 1;
}

ON_STACK static int in_semaphore(void)
{
	const struct timespec end = until(sleep_ms);
	int result = sem_timedwait(&semaphore, &end);

	GO_ON();
	return result + 1;
}

ON_STACK static int in_nanosleep(void)
{
	const struct timespec span = span_of(sleep_ms);
	int result = nanosleep(&span, NULL);

	GO_ON();
	return result + 1;
}

static const struct place {
	const char *name;
	int (*stand)(void);
} places[] = {
	{"in_read", in_read},		{"in_poll", in_poll},
	{"in_epoll", in_epoll},		{"in_condition", in_condition},
	{"in_semaphore", in_semaphore}, {"in_nanosleep", in_nanosleep},
};

#define PLACES (sizeof(places) / sizeof(places[0]))

static void *stand_there(void *argument)
{
	const struct place *place = argument;
	int result;

	pthread_mutex_lock(&lock);
	printf("%s %d\n", place->name, gettid());
	pthread_mutex_unlock(&lock);
	result = place->stand();
	GO_ON();
	return (void *)(size_t)result; /* NOLINT: a number */
}

static int stand(void)
{
	const struct timespec span = span_of(sleep_ms);
	pthread_t threads[PLACES];

	if (pipe(ends) != 0) {
		return 1;
	}
	sem_init(&semaphore, 0, 0);
	for (size_t i = 0; i < PLACES; i++) {
		pthread_create(&threads[i], NULL, stand_there, (void *)&places[i]);
	}
	nanosleep(&span, NULL);
	if (write(ends[1], "x", 1) != 1) {
		return 1;
	}
	for (size_t i = 0; i < PLACES; i++) {
		pthread_join(threads[i], NULL);
	}
	return 0;
}

/* ---- odd frames ---- */

ON_STACK static int deeper(int depth)
{
	int result = depth > 1 ? deeper(depth - 1) : in_nanosleep();

	GO_ON();
	return result + 1;
}

/* Full of what looks like frames: those that `deeper` leaves. */
ON_STACK static int make_room(size_t size)
{
	volatile char *room = alloca(size);
	int result;

	room[size - 1] = 1;
	result = in_nanosleep();
	GO_ON();
	return result + room[size - 1];
}

/* ---- who counts ---- */

static void note_signal(int number)
{
	(void)number;
	signals++;
}

static void *sleep_often(void *unused)
{
	const struct timespec span = span_of(10);
	struct epoll_event event;
	int fd = epoll_create1(EPOLL_CLOEXEC);
	struct pollfd about = {.fd = -1};

	(void)unused;
	for (long ms = 0; ms < sleep_ms; ms += 30) {
		interrupted += nanosleep(&span, NULL) != 0;
		interrupted += poll(&about, 1, 10) != 0;
		interrupted += epoll_wait(fd, &event, 1, 10) != 0;
	}
	close(fd);
	return NULL;
}

static void *sleep_once(void *unused)
{
	(void)unused;
	in_nanosleep();
	return NULL;
}

static int with_threads(int count, void *(*body)(void *))
{
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (int i = 0; i < count; i++) {
		if (pthread_create(&threads[i], &small, body, NULL) != 0) {
			return 1;
		}
	}
	for (int i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
	}
	free(threads);
	return 0;
}

static int count_what_comes(int threads)
{
	const struct sigaction action = {.sa_handler = note_signal};
	int result;

	for (int number = 1; number < SIGRTMAX; number++) {
		sigaction(number, &action, NULL);
	}
	result = with_threads(threads, sleep_often);
	printf("%ld %ld\n", interrupted, signals);
	return result;
}

int main(int count, char **words)
{
	const char *way = count > 2 ? words[1] : "";
	int result;

	sleep_ms = count > 2 ? atol(words[count - 1]) : 0;
	if (strcmp(way, "hold") == 0) {
		result = hold(sleep_ms, work);
	} else if (strcmp(way, "busy") == 0) {
		result = hold(sleep_ms, has_time);
	} else if (strcmp(way, "stand") == 0) {
		result = stand();
	} else if (strcmp(way, "deep") == 0) {
		result = deeper(atoi(words[2])) == 0;
	} else if (strcmp(way, "room") == 0) {
		deeper(20);
		result = make_room(1000 + (size_t)count) == 0;
	} else if (strcmp(way, "count") == 0) {
		result = count_what_comes(atoi(words[2]));
	} else if (strcmp(way, "many") == 0) {
		result = with_threads(atoi(words[2]), sleep_once);
	} else {
		return 2;
	}
	GO_ON();
	return result;
}
