/* SPDX-License-Identifier: MIT */
/* One CPU's buffer; see tracefs_cpu.h. */

#include "tracer/sources/tracefs/tracefs_cpu.h"

#include "tracer/sources/kernel/kept_files.h"
#include "tracer/sources/kernel/proc_text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool ctrace_tracefs_cpu_open(struct ctrace_tracefs_cpu *cpu, int directory, unsigned number,
			     const struct ctrace_tracefs_layout *layout)
{
	char path[64];
	int fd;

	*cpu = (struct ctrace_tracefs_cpu){.directory = directory, .number = number};
	cpu->bytes = malloc(layout->page.bytes);
	if (cpu->bytes == NULL) {
		return false;
	}
	snprintf(path, sizeof(path), "per_cpu/cpu%u/trace_pipe_raw", number);
	fd = openat(directory, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	cpu->pipe = fd >= 0 ? ctrace_kept_add(fd) : NULL;
	return cpu->pipe != NULL;
}

struct ctrace_tracefs_counts ctrace_tracefs_cpu_counts(const struct ctrace_tracefs_cpu *cpu)
{
	static const char *const losses[] = {"overrun:", "commit overrun:", "dropped events:"};
	struct ctrace_tracefs_counts counts = {.lost = 0};
	char path[64], text[1024];

	snprintf(path, sizeof(path), "per_cpu/cpu%u/stats", cpu->number);
	if (ctrace_proc_text_at(cpu->directory, path, text, sizeof(text)) <= 0) {
		return counts;
	}
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		uint64_t count = 0;

		ctrace_proc_number(text, losses[i], &count);
		counts.lost += count;
	}
	ctrace_proc_number(text, "entries:", &counts.unread);
	ctrace_proc_number(text, "read events:", &counts.read);
	return counts;
}

/*
 * A page says how many were lost before it if it has room for the number. If not, it is what the
 * kernel's counter is ahead by: no less than it was, and what is too much here is missing at the
 * next place, so that the sum is right.
 */
static void note_lost(struct ctrace_tracefs_cpu *cpu)
{
	uint64_t ahead;

	if (cpu->page.lost == 0) {
		return;
	}
	ahead = ctrace_tracefs_cpu_counts(cpu).lost - cpu->told;
	cpu->lost = cpu->page.lost < ahead ? cpu->page.lost : ahead;
	cpu->told += cpu->lost;
}

static bool read_page(struct ctrace_tracefs_cpu *cpu, const struct ctrace_tracefs_layout *layout)
{
	ssize_t got;

	/* What another file would say is not ours to read. */
	if (cpu->pipe == NULL || !ctrace_kept_is_ours(cpu->pipe)) {
		return false;
	}
	got = read(ctrace_kept_fd(cpu->pipe), cpu->bytes, layout->page.bytes);
	if (got <= 0) {
		return false;
	}
	cpu->read_bytes += (uint64_t)got;
	ctrace_tracefs_page_open(&cpu->page, &layout->page, cpu->bytes, (size_t)got);
	note_lost(cpu);
	return true;
}

bool ctrace_tracefs_cpu_look(struct ctrace_tracefs_cpu *cpu,
			     const struct ctrace_tracefs_layout *layout)
{
	while (!cpu->has_record) {
		if (ctrace_tracefs_page_next(&cpu->page)) {
			cpu->has_record = true;
			break;
		}
		cpu->broken += cpu->page.is_broken;
		cpu->page.is_broken = false;
		if (!read_page(cpu, layout)) {
			return false;
		}
	}
	return true;
}

void ctrace_tracefs_cpu_close(struct ctrace_tracefs_cpu *cpu)
{
	ctrace_kernel_stream_finish(&cpu->stream);
	free(cpu->bytes);
	ctrace_kept_close(cpu->pipe);
	*cpu = (struct ctrace_tracefs_cpu){.pipe = NULL};
}
