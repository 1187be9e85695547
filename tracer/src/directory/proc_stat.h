/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PROC_STAT_H
#define CTRACE_PROC_STAT_H

/*
 * What /proc/PID/stat tells apart processes by. Only system calls.
 * Thread: any.  Signal handler: yes.  Allocates: no.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ctrace_proc_stat {
	char state;
	uint64_t start_time;  /* in clock ticks since boot: with the pid, one process for good */
	uint64_t stack_start; /* another address after exec; 0 where it may not be known */
};

/* False: there is no such process. */
bool ctrace_proc_stat(pid_t pid, struct ctrace_proc_stat *stat);

/*
 * Which pid namespace this process is in: two may share a directory and not their numbers. 0: not
 * to be told. Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.
 */
uint64_t ctrace_pid_space(void);

#endif
