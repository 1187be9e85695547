/* SPDX-License-Identifier: MIT */

/* perf_event_open(2), and its refusals; see perf_event.h. */

#include "tracer/sources/perf/perf_event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PARANOID "/proc/sys/kernel/perf_event_paranoid"

/* Older headers lack them; older kernels refuse them. */
#ifndef PERF_FORMAT_LOST
#define PERF_FORMAT_LOST (1u << 4)
#endif

struct perf_event_attr ctrace_perf_attr(uint64_t config, uint64_t sample_type)
{
	return (struct perf_event_attr){
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(struct perf_event_attr),
		.config = config,
		.sample_type = sample_type,
		.read_format = PERF_FORMAT_LOST,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC_RAW,
	};
}

static int try_open(struct perf_event_attr *attr, pid_t pid, int cpu)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd >= 0 ? fd : -errno;
}

int ctrace_perf_open(struct perf_event_attr *attr, pid_t pid, int cpu)
{
	int fd = try_open(attr, pid, cpu);

	if (fd == -EINVAL && attr->read_format != 0) { /* before Linux 6.0 */
		attr->read_format = 0;
		fd = try_open(attr, pid, cpu);
	}
	if ((fd == -EINVAL || fd == -E2BIG) && attr->inherit_thread) { /* before Linux 5.13 */
		attr->inherit_thread = 0;
		fd = try_open(attr, pid, cpu);
	}
	if ((fd == -EINVAL || fd == -E2BIG) && attr->build_id) { /* before Linux 5.12 */
		attr->build_id = 0;
		fd = try_open(attr, pid, cpu);
	}
	return fd;
}

void ctrace_perf_probe(struct perf_event_attr *attr, struct ctrace_source_answer *answer)
{
	int fd = ctrace_perf_open(attr, 0, -1);

	*answer = (struct ctrace_source_answer){.is_available = fd >= 0};
	if (fd >= 0) {
		close(fd);
	} else {
		ctrace_perf_refuse(answer, -fd);
	}
}

/* What the administrator allows: -1 to 4; 99 if it cannot be read. */
static int paranoid_level(void)
{
	FILE *file = fopen(PARANOID, "re");
	int level = 99;

	if (file != NULL) {
		if (fscanf(file, "%d", &level) != 1) {
			level = 99;
		}
		fclose(file);
	}
	return level;
}

static void refuse_permission(struct ctrace_source_answer *answer)
{
	int level = paranoid_level();

	if (level > 2 && level != 99) {
		ctrace_source_refuse(answer, "sysctl kernel.perf_event_paranoid=2, or CAP_PERFMON",
				     "kernel.perf_event_paranoid is %d, and 2 is the most that "
				     "lets a user see his own programs",
				     level);
		return;
	}
	ctrace_source_refuse(
		answer, "a container that allows perf_event_open, or CAP_PERFMON",
		"perf_event_open is refused, as in most containers (a seccomp filter)");
}

void ctrace_perf_refuse_ring(struct ctrace_source_answer *answer, int error)
{
	if (error == EPERM || error == ENOMEM) {
		ctrace_source_refuse(answer, "a larger `ulimit -l` or kernel.perf_event_mlock_kb",
				     "this user may lock no more memory for its buffers");
	} else {
		ctrace_source_refuse(answer, "", "its buffers: %s", strerror(error));
	}
}

void ctrace_perf_refuse(struct ctrace_source_answer *answer, int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		refuse_permission(answer);
		return;
	case ENOSYS:
		ctrace_source_refuse(answer, "", "this kernel has no perf events");
		return;
	case EMFILE:
		ctrace_source_refuse(answer, "ulimit -n with two more for each processor",
				     "there are no descriptors left for an event on each "
				     "processor");
		return;
	default:
		ctrace_source_refuse(answer, "", "perf_event_open: %s", strerror(error));
	}
}

uint64_t ctrace_perf_lost(int fd, const struct perf_event_attr *attr)
{
	uint64_t values[2]; /* the event's own count, losses */

	if (attr->read_format != PERF_FORMAT_LOST ||
	    read(fd, values, sizeof(values)) != (ssize_t)sizeof(values)) {
		return 0;
	}
	return values[1];
}
