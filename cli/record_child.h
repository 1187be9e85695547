/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RECORD_CHILD_H
#define CTRACE_RECORD_CHILD_H

/*
 * The program that `ctrace record` runs: started, told of signals, waited for. Its
 * standard streams, signal mask and dispositions are those the recorder was given.
 *
 * Signals that somebody sends the recorder go on to the program; those of the
 * terminal reach it by themselves. One may be noted instead. Orphans of the program become children
 * of the recorder, so that it knows when the last one is gone. One child a process.
 */

#include "tracer/src/image.h"

#include <stdbool.h>
#include <sys/types.h>

struct ctrace_child {
	pid_t pid;
	bool is_over;	/* it has ended, as `status` says */
	int status;	/* exit status of the recorder: its own, or 128 + signal */
	int signal;	/* that killed it; 0 */
	bool has_heirs; /* other children are left */
	int go, told;	/* pipes: to tell it to exec, and to hear how that went */
};

/* 0; or 127, 126: no such command, or none that runs, told in a line. Before anything is made. */
int ctrace_child_check(char **argv);

/*
 * Fork it; it waits to be told to exec. 0; or 1 after a line. `bell` is rung when a child
 * changes. Should the recorder die, it ends without a word.
 */
int ctrace_child_start(struct ctrace_child *child, char **argv, _Atomic uint32_t *bell);

/* Tell it to exec. 0; or 126, 127 after a line, and it is gone. */
int ctrace_child_go(struct ctrace_child *child, char **argv);

/* See who has ended. Blocks: no. */
void ctrace_child_poll(struct ctrace_child *child);

/* This signal is not passed on but noted. Before start; 0: none. */
void ctrace_child_note_signal(int signal);
/* Has it come since this was last asked? */
bool ctrace_child_was_noted(void);

/* Has somebody asked the recorder to stop since the program ended? */
bool ctrace_child_is_stop_asked(void);

#endif
