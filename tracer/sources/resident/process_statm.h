/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PROCESS_STATM_H
#define CTRACE_PROCESS_STATM_H

/*
 * What the kernel says of a process's memory: /proc/PID/statm, which everybody may read of every
 * process, and /proc/PID/status, which costs ten times as much and has the most there ever was.
 *
 *     fd = ctrace_statm_open(pid)                 or -1
 *       ctrace_statm_read(fd, &statm)             again and again: it stands for that process alone
 *
 * Thread: any.  Blocks: no.  Allocates: no.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ctrace_statm_answer {
	CTRACE_STATM_READ,
	CTRACE_STATM_GONE,   /* the process has ended, waited for or not */
	CTRACE_STATM_UNREAD, /* it cannot be told: no descriptor is left, or the like */
};

struct ctrace_statm {
	uint64_t resident, shared; /* bytes */
};

/* Closed on exec; -1 with errno: see ctrace_statm_why. */
int ctrace_statm_open(uint32_t pid);
/* What an errno of these means. */
enum ctrace_statm_answer ctrace_statm_why(int error);
enum ctrace_statm_answer ctrace_statm_read(int fd, struct ctrace_statm *statm);

/* As long as the kernel's names, the NUL included. */
#define CTRACE_STATUS_NAME_BYTES 16u

struct ctrace_status_text {
	char name[CTRACE_STATUS_NAME_BYTES];
	uint64_t peak; /* bytes; 0: not told */
};

/* False: it is gone. */
bool ctrace_status_read(uint32_t pid, struct ctrace_status_text *status);

#endif
