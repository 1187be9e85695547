/* SPDX-License-Identifier: MIT */
/*
 * Programs that have dealings with SIGPROF, or would notice it. Each prints what it found, which
 * must be the same with samples and without; all of them spin enough to be sampled.
 *
 *     handler     installs one, and a timer of its own; counts signals that are not its timer's
 *     query       asks what SIGPROF does
 *     default     a timer, and no handler: it is killed by it
 *     raise       sends itself one: killed
 *     timer       timer_create with SIGPROF, and a handler
 *     wait        blocks all signals, spins, asks which are pending; a thread of its waits for any
 *     mask        blocks and unblocks all the time
 *     eintr       sleeps, polls and reads pipes between spins; counts EINTR
 *     threads     1,500 threads one after the other, then 20 at a time that spin
 *     small       threads with the smallest stacks there are, and a coroutine on 4 KiB
 *     stack       has a signal stack of its own
 *     fork        children that spin
 *     vfork       children that share its memory, and change their signals
 *     exec        begins itself anew, as query
 */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile unsigned long sink;

/* Of the thread's own time: how long that takes is no matter. */
static void spin_ms(long ms)
{
	struct timespec now;
	long end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	end = now.tv_sec * 1000 + now.tv_nsec / 1000000 + ms;
	do {
		for (int i = 0; i < 100000; i++) {
			sink += (unsigned long)i * i;
		}
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < end);
}

/* ---- it wants the signal itself ---- */

static atomic_int own_ticks, foreign_ticks;

static void on_tick(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (info->si_code == SI_KERNEL || info->si_value.sival_int == 4711) {
		own_ticks++;
	} else {
		foreign_ticks++;
	}
}

static void handle(void)
{
	const struct sigaction action = {.sa_sigaction = on_tick,
					 .sa_flags = SA_SIGINFO | SA_RESTART};
	struct sigaction before;

	sigaction(SIGPROF, &action, &before);
	printf("before: %d\n", before.sa_handler == SIG_DFL);
}

static void start_itimer(void)
{
	const struct itimerval each = {{0, 20000}, {0, 20000}};

	setitimer(ITIMER_PROF, &each, NULL);
}

static void handler(void)
{
	spin_ms(200);
	handle();
	start_itimer();
	spin_ms(500);
	printf("own: %d, foreign: %d\n", own_ticks > 3, foreign_ticks);
}

static void timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGPROF};
	const struct itimerspec each = {{0, 20000000}, {0, 20000000}};
	timer_t made;

	event.sigev_value.sival_int = 4711;
	spin_ms(200);
	handle();
	timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &made);
	timer_settime(made, 0, &each, NULL);
	spin_ms(500);
	printf("own: %d, foreign: %d\n", own_ticks > 3, foreign_ticks);
}

static void query(void)
{
	struct sigaction now;

	spin_ms(100);
	sigaction(SIGPROF, NULL, &now);
	printf("default: %d\n", now.sa_handler == SIG_DFL && now.sa_flags == 0);
	spin_ms(100);
}

static void by_default(void)
{
	spin_ms(100);
	start_itimer();
	spin_ms(5000);
	printf("alive\n");
}

static void raise_it(void)
{
	spin_ms(100);
	raise(SIGPROF);
	printf("alive\n");
}

/* ---- masks ---- */

static void *wait_for_any(void *unused)
{
	sigset_t all;
	int number;

	(void)unused;
	sigfillset(&all);
	spin_ms(300);
	sigwait(&all, &number);
	printf("waited: %d\n", number == SIGUSR1);
	return NULL;
}

static void wait_blocked(void)
{
	sigset_t all, pending;
	pthread_t thread;

	spin_ms(100);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	spin_ms(300);
	sigpending(&pending);
	printf("pending: %d\n", sigismember(&pending, SIGPROF));
	pthread_create(&thread, NULL, wait_for_any, NULL);
	spin_ms(500);
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
}

static void mask(void)
{
	sigset_t all, before, pending;
	int seen = 0;

	spin_ms(100);
	sigfillset(&all);
	for (int i = 0; i < 3000; i++) {
		sigprocmask(i % 2 ? SIG_BLOCK : SIG_SETMASK, &all, &before);
		spin_ms(0);
		sigpending(&pending);
		seen += sigismember(&pending, SIGPROF) + sigismember(&before, SIGPROF);
		sigprocmask(SIG_SETMASK, &before, NULL);
	}
	printf("seen: %d\n", seen);
}

/* ---- EINTR ---- */

static int note(long result)
{
	return result < 0 && errno == EINTR;
}

static void eintr(void)
{
	const struct timespec soon = {0, 20000};
	struct epoll_event event;
	struct pollfd wait = {.events = POLLIN};
	int ends[2], interrupted = 0, epoll = epoll_create1(0);

	if (pipe(ends) != 0) {
		abort();
	}
	wait.fd = ends[0];
	for (int i = 0; i < 2000; i++) {
		spin_ms(0);
		interrupted += note(nanosleep(&soon, NULL));
		interrupted += note(poll(&wait, 1, 0));
		interrupted += note(poll(&wait, 1, i % 8 == 0));
		interrupted += note(epoll_wait(epoll, &event, 1, i % 8 == 1));
		interrupted += note(usleep(10));
		interrupted += note(select(0, NULL, NULL, NULL, &(struct timeval){0, 10}));
	}
	printf("interrupted: %d\n", interrupted);
}

/* ---- threads ---- */

static void *nothing(void *argument)
{
	return argument;
}

static void *spin_in_thread(void *argument)
{
	spin_ms(50);
	return argument;
}

static int run_threads(int count, const pthread_attr_t *attributes, void *(*function)(void *))
{
	pthread_t threads[64];
	int numbers[64], good = 0;

	for (int i = 0; i < count; i++) {
		if (pthread_create(&threads[i], attributes, function, &numbers[i]) != 0) {
			return -1;
		}
	}
	for (int i = 0; i < count; i++) {
		void *result = NULL;

		pthread_join(threads[i], &result);
		good += result == &numbers[i];
	}
	return good;
}

static void *leave(void *argument)
{
	spin_ms(5);
	pthread_exit(argument);
}

static void threads(void)
{
	int good = 0;

	for (int i = 0; i < 1500; i++) {
		good += run_threads(1, NULL, nothing);
	}
	printf("one by one: %d, at a time: %d, exits: %d\n", good,
	       run_threads(20, NULL, spin_in_thread), run_threads(20, NULL, leave));
}

static ucontext_t outside, inside;

static void coroutine(void)
{
	for (int i = 0; i < 3; i++) {
		spin_ms(100);
		swapcontext(&inside, &outside);
	}
}

static void small(void)
{
	static int rounds;
	char *stack = malloc(4096);
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
	printf("smallest: %d\n", run_threads(20, &attributes, spin_in_thread));
	getcontext(&inside);
	inside.uc_stack.ss_sp = stack;
	inside.uc_stack.ss_size = 4096;
	inside.uc_link = &outside;
	makecontext(&inside, coroutine, 0);
	for (; rounds < 3; rounds++) {
		swapcontext(&outside, &inside);
	}
	printf("coroutine: %d\n", rounds);
	free(stack);
}

static void *use_own_stack(void *argument)
{
	const stack_t own = {.ss_sp = malloc(SIGSTKSZ), .ss_size = (size_t)SIGSTKSZ};
	stack_t now;

	sigaltstack(&own, NULL);
	spin_ms(100);
	sigaltstack(NULL, &now);
	return now.ss_sp == own.ss_sp ? argument : NULL;
}

static void stack(void)
{
	printf("kept: %d\n", run_threads(10, NULL, use_own_stack));
}

/* ---- processes ---- */

static void fork_children(void)
{
	int good = 0;

	for (int i = 0; i < 10; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			spin_ms(60);
			_exit(run_threads(2, NULL, spin_in_thread));
		}
		waitpid(child, &status, 0);
		good += WIFEXITED(status) && WEXITSTATUS(status) == 2;
	}
	printf("children: %d\n", good);
}

static void vfork_children(void)
{
	static int good, i;

	for (; i < 50; i++) {
		struct sigaction now;
		sigset_t all, none;
		pid_t child;
		int status;

		spin_ms(5);
		sigfillset(&all);
		sigemptyset(&none);
		child = vfork();
		if (child == 0) {
			sigprocmask(SIG_BLOCK, &all, NULL);
			signal(SIGPROF, SIG_IGN);
			sigprocmask(SIG_SETMASK, &none, NULL);
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		waitpid(child, &status, 0);
		sigaction(SIGPROF, NULL, &now);
		good += WIFEXITED(status) && WEXITSTATUS(status) == 0 && now.sa_handler == SIG_DFL;
	}
	printf("children: %d\n", good);
}

static void begin_anew(void)
{
	spin_ms(100);
	execl("/proc/self/exe", "sigprof-host", "query", NULL);
}

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{"handler", handler}, {"query", query},		 {"default", by_default},
	{"raise", raise_it},  {"timer", timer},		 {"wait", wait_blocked},
	{"mask", mask},	      {"eintr", eintr},		 {"threads", threads},
	{"small", small},     {"stack", stack},		 {"fork", fork_children},
	{"exec", begin_anew}, {"vfork", vfork_children},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[1], modes[i].name) == 0) {
			setvbuf(stdout, NULL, _IONBF, 0);
			modes[i].run();
			return 7;
		}
	}
	return 2;
}
