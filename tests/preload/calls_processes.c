/* SPDX-License-Identifier: MIT */

/* Time, signals, processes; see calls_host.h. */

#include "tests/preload/calls_host.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void on_alarm(int unused)
{
	(void)unused;
}

/* Every 2 ms until the clock is set back: what waits for a signal gets one, however late it is. */
static void ring(long microseconds)
{
	const struct itimerval time = {{0, microseconds}, {0, microseconds}};

	setitimer(ITIMER_REAL, &time, NULL);
}

static void sleep_all_ways(void)
{
	const struct timespec short_time = {0, 1000}, no_time = {0, -1};

	SHOW("nanosleep", nanosleep(&short_time, NULL));
	SHOW("nanosleep", nanosleep(&no_time, NULL));
	SHOW("clock_nanosleep", clock_nanosleep(CLOCK_MONOTONIC, 0, &short_time, NULL));
	SHOW("clock_nanosleep", clock_nanosleep(CLOCK_MONOTONIC, 0, &no_time, NULL));
	SHOW("usleep", usleep(100));
	SHOW("sleep", sleep(0));
	SHOW("sched_yield", sched_yield());
}

static void wait_for_signals(void)
{
	const struct sigaction action = {.sa_handler = on_alarm};
	struct timespec none = {0, 1000};
	sigset_t empty, alarm;
	int number = 0;

	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&empty);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	ring(2000);
	SHOW("pause", pause());
	SHOW("sigsuspend", sigsuspend(&empty));
	sigprocmask(SIG_BLOCK, &alarm, NULL);
	SHOW("sigwait", sigwait(&alarm, &number));
	show("signal", number);
	SHOW("sigwaitinfo", sigwaitinfo(&alarm, NULL));
	ring(0);
	sigtimedwait(&alarm, NULL, &none);
	SHOW("sigtimedwait", sigtimedwait(&alarm, NULL, &none));
	sigprocmask(SIG_UNBLOCK, &alarm, NULL);
}

void call_waits(void)
{
	struct sembuf none = {.sem_num = 0};
	struct timespec time = {0, 1000};

	sleep_all_ways();
	wait_for_signals();
	SHOW("semop", semop(-1, &none, 1));
	SHOW("semtimedop", semtimedop(-1, &none, 1, &time));
	SHOW("msgsnd", msgsnd(-1, &none, 0, 0));
	SHOW("msgrcv", msgrcv(-1, &none, 0, 0, 0));
	SHOW("syscall", syscall(SYS_getppid) == getppid());
	SHOW("syscall", syscall(SYS_close, -1));
	SHOW("syscall", syscall(9999, 1, 2, 3, 4, 5, 6));
}

/* ---- processes ---- */

static char *const arguments[] = {"sh", "-c", "exit ${STATUS:-9}", NULL};
static char *const environment[] = {"STATUS=4", NULL};

enum exec_way { EXECVE, EXECV, EXECVP, EXECVPE, NOTHING };

static void exec_as(enum exec_way way)
{
	switch (way) {
	case EXECVE:
		execve("/bin/sh", arguments, environment);
		break;
	case EXECV:
		execv("/bin/sh", arguments);
		break;
	case EXECVP:
		execvp("sh", arguments);
		break;
	case EXECVPE:
		execvpe("sh", arguments, environment);
		break;
	default:
		break;
	}
	_exit(77);
}

static int status_of(enum exec_way way)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		exec_as(way);
	}
	return waitpid(child, &status, 0) == child ? status : -1;
}

static void wait_all_ways(void)
{
	struct rusage usage;
	siginfo_t info;
	int status = 0;

	SHOW("wait", wait(&status));
	SHOW("waitpid", waitpid(1, &status, 0));
	SHOW("wait3", wait3(&status, 0, &usage));
	SHOW("wait4", wait4(-1, &status, WNOHANG, &usage));
	SHOW("waitid", waitid(P_ALL, 0, &info, WEXITED));
}

static void spawn_all_ways(void)
{
	int status = 0;
	pid_t child = 0;

	SHOW("posix_spawn", posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environment));
	waitpid(child, &status, 0);
	show("status", status);
	SHOW("posix_spawn", posix_spawn(&child, "/nothing", NULL, NULL, arguments, environment));
	SHOW("posix_spawnp", posix_spawnp(&child, "sh", NULL, NULL, arguments, environment));
	waitpid(child, &status, 0);
	show("status", status);
}

void call_processes(void)
{
	SHOW("fork", status_of(NOTHING));
	SHOW("execve", status_of(EXECVE));
	SHOW("execv", status_of(EXECV));
	SHOW("execvp", status_of(EXECVP));
	SHOW("execvpe", status_of(EXECVPE));
	SHOW("execve", execve("nothing", arguments, environment));
	SHOW("execvp", execvp("/", arguments));
	spawn_all_ways();
	wait_all_ways();
}
