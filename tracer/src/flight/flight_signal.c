/* SPDX-License-Identifier: MIT */

/* The handler of the one signal that asks for a snapshot; see flight_signal.h. */

#include "tracer/src/flight/flight_signal.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

/* [I] release by install, acquire in the handler, which may still run when it has been removed. */
static _Atomic(void (*)(void)) asked;
static int installed; /* 0: none */

static void on_signal(int signal)
{
	int saved = errno;
	/* [I] */
	void (*ask)(void) = atomic_load_explicit(&asked, memory_order_acquire);

	(void)signal;
	if (ask != NULL) {
		ask();
	}
	errno = saved;
}

int ctrace_flight_signal_install(int signal, void (*ask)(void))
{
	struct sigaction ours, present;

	if (sigaction(signal, NULL, &present) != 0) {
		return -errno;
	}
	if ((present.sa_flags & SA_SIGINFO) != 0 || present.sa_handler != SIG_DFL) {
		return -EBUSY;
	}
	memset(&ours, 0, sizeof(ours));
	ours.sa_handler = on_signal;
	ours.sa_flags = SA_RESTART | SA_ONSTACK;
	sigemptyset(&ours.sa_mask);
	/* [I] */
	atomic_store_explicit(&asked, ask, memory_order_release);
	if (sigaction(signal, &ours, NULL) != 0) {
		return -errno;
	}
	installed = signal;
	return 0;
}

void ctrace_flight_signal_remove(void)
{
	struct sigaction none, present;

	atomic_store_explicit(&asked, NULL, memory_order_release);
	memset(&none, 0, sizeof(none));
	none.sa_handler = SIG_DFL;
	if (installed != 0 && sigaction(installed, NULL, &present) == 0 &&
	    (present.sa_flags & SA_SIGINFO) == 0 && present.sa_handler == on_signal) {
		sigaction(installed, &none, NULL);
	}
	installed = 0;
}
