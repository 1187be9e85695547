/* SPDX-License-Identifier: MIT */

/* Threads cancelled in each call where they may be; see calls_ways.h. */

#include "tests/preload/calls_host.h"
#include "tests/preload/calls_ways.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int empty[2], full[2], sockets[2], listening;
static sem_t none, one;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static const struct timespec for_ever = {1000000, 0};
static pthread_t patient;
static pid_t sleeper;
static char buffer[1 << 17];

static void in_read(void)
{
	read(empty[0], buffer, 1);
}
static void in_write(void)
{
	write(full[1], buffer, sizeof(buffer));
}
static void in_readv(void)
{
	struct iovec part = {buffer, 1};

	readv(empty[0], &part, 1);
}
static void in_recv(void)
{
	recv(sockets[0], buffer, 1, 0);
}
static void in_recvfrom(void)
{
	recvfrom(sockets[0], buffer, 1, 0, NULL, NULL);
}
static void in_accept(void)
{
	accept(listening, NULL, NULL);
}
static void in_poll(void)
{
	struct pollfd item = {.fd = empty[0], .events = POLLIN};

	poll(&item, 1, -1);
}
static void in_select(void)
{
	select(0, NULL, NULL, NULL, NULL);
}
static void in_epoll_wait(void)
{
	struct epoll_event event;

	epoll_wait(epoll_create1(EPOLL_CLOEXEC), &event, 1, -1);
}
static void in_nanosleep(void)
{
	nanosleep(&for_ever, NULL);
}
static void in_clock_nanosleep(void)
{
	clock_nanosleep(CLOCK_MONOTONIC, 0, &for_ever, NULL);
}
static void in_sleep(void)
{
	sleep(1000000);
}
static void in_pause(void)
{
	pause();
}
static void in_sigwait(void)
{
	sigset_t set;
	int number;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigwait(&set, &number);
}
static void in_sem_wait(void)
{
	sem_wait(&none);
}
static void in_free_sem_wait(void)
{
	/* Cancelled before it calls, and still to be cancelled there. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	usleep(1000);
	pthread_cancel(pthread_self());
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	sem_wait(&one);
}
static void unlock(void *lock)
{
	pthread_mutex_unlock(lock);
}
static void in_cond_wait(void)
{
	pthread_mutex_lock(&mutex);
	pthread_cleanup_push(unlock, &mutex);
	pthread_cond_wait(&condition, &mutex);
	pthread_cleanup_pop(1);
}
static void in_join(void)
{
	pthread_join(patient, NULL);
}
static void in_waitpid(void)
{
	waitpid(sleeper, NULL, 0);
}
static void in_open(void)
{
	open("/proc/self/fd/does/not/exist", O_RDONLY);
	pause();
}
static void in_fgets(void)
{
	static FILE *file;

	file = fdopen(empty[0], "r");
	fgets(buffer, sizeof(buffer), file);
}

static void *run(void *function)
{
	((void (*)(void))function)();
	return NULL;
}

/* Cancelled at once and a moment later: on the way in, and asleep. */
static void cancel_in(const char *name, void (*function)(void))
{
	for (useconds_t after = 0; after <= 2000; after += 2000) {
		pthread_t thread;
		void *result = NULL;

		pthread_create(&thread, NULL, run, (void *)function);
		usleep(after);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		show(name, result == PTHREAD_CANCELED);
	}
}

static void *wait_for_ever(void *unused)
{
	pause();
	return unused;
}

static void prepare(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (pipe(empty) != 0 || pipe(full) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) {
		return;
	}
	listening = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(listening, (struct sockaddr *)&address, sizeof(sa_family_t));
	listen(listening, 1);
	sem_init(&none, 0, 0);
	sem_init(&one, 0, 1);
	pthread_create(&patient, NULL, wait_for_ever, NULL);
	sleeper = fork();
	if (sleeper == 0) {
		pause();
		_exit(0);
	}
}

void way_cancel(void)
{
	static const struct {
		const char *name;
		void (*function)(void);
	} calls[] = {{"read", in_read},
		     {"write", in_write},
		     {"readv", in_readv},
		     {"recv", in_recv},
		     {"recvfrom", in_recvfrom},
		     {"accept", in_accept},
		     {"poll", in_poll},
		     {"select", in_select},
		     {"epoll_wait", in_epoll_wait},
		     {"nanosleep", in_nanosleep},
		     {"clock_nanosleep", in_clock_nanosleep},
		     {"sleep", in_sleep},
		     {"pause", in_pause},
		     {"sigwait", in_sigwait},
		     {"sem_wait", in_sem_wait},
		     {"sem_wait that need not wait", in_free_sem_wait},
		     {"pthread_cond_wait", in_cond_wait},
		     {"pthread_join", in_join},
		     {"waitpid", in_waitpid},
		     {"open", in_open},
		     {"fgets", in_fgets}};

	prepare();
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		cancel_in(calls[i].name, calls[i].function);
	}
	kill(sleeper, SIGKILL);
	show("waitpid", waitpid(sleeper, NULL, 0) == sleeper);
	show("mutex", pthread_mutex_lock(&mutex));
}
