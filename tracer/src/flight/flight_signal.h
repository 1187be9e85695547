/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FLIGHT_SIGNAL_H
#define CTRACE_FLIGHT_SIGNAL_H

/*
 * A snapshot on a signal of the user's choice. The handler calls one function that
 * is safe there, keeps errno, and that is all. A signal that the host handles is not taken;
 * a handler that it installs later stays.
 */

/*
 * 0, or -EBUSY: the signal is handled or ignored already. `on_signal` must be safe in a handler.
 * Thread: one at a time.  Signal handler: no.
 */
int ctrace_flight_signal_install(int signal, void (*on_signal)(void));
/* Put back the default, if the handler is still ours. Also for a forked child; safe in a handler.
 */
void ctrace_flight_signal_remove(void);

#endif
