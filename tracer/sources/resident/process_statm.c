/* SPDX-License-Identifier: MIT */
/* Files of /proc about memory; see process_statm.h. */

#include "tracer/sources/resident/process_statm.h"

#include "tracer/sources/kernel/proc_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int ctrace_statm_open(uint32_t pid)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%u/statm", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

enum ctrace_statm_answer ctrace_statm_why(int error)
{
	return error == ENOENT || error == ESRCH ? CTRACE_STATM_GONE : CTRACE_STATM_UNREAD;
}

/* "size resident shared …", in pages. */
static bool parse(const char *text, struct ctrace_statm *statm)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	char *at;

	strtoull(text, &at, 10);
	statm->resident = strtoull(at, &at, 10) * page;
	if (*at != ' ') {
		return false;
	}
	statm->shared = strtoull(at, &at, 10) * page;
	if (statm->shared > statm->resident) {
		statm->shared = statm->resident;
	}
	return *at == ' ';
}

enum ctrace_statm_answer ctrace_statm_read(int fd, struct ctrace_statm *statm)
{
	char text[160];
	ssize_t got = pread(fd, text, sizeof(text) - 1, 0);

	*statm = (struct ctrace_statm){.resident = 0};
	if (got < 0) {
		return ctrace_statm_why(errno);
	}
	text[got] = '\0';
	if (!parse(text, statm)) {
		return CTRACE_STATM_UNREAD;
	}
	return statm->resident == 0 ? CTRACE_STATM_GONE : CTRACE_STATM_READ;
}

bool ctrace_status_read(uint32_t pid, struct ctrace_status_text *status)
{
	char path[40], text[2048];
	uint64_t kib = 0;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	if (ctrace_proc_text(path, text, sizeof(text)) <= 0 ||
	    sscanf(text, "Name:\t%15[^\n]", status->name) != 1) {
		return false;
	}
	ctrace_proc_number(text, "VmHWM:", &kib);
	status->peak = kib << 10;
	return true;
}
