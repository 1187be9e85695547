/* SPDX-License-Identifier: MIT */
/* Sources on trial; see sources_check.h. */

#include "cli/sources_check.h"

#include "tracer/sources/perf/code_places.h"
#include "tracer/src/clock/clock.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static enum ctrace_status drop(void *sink, const void *bytes, size_t size)
{
	(void)sink;
	(void)bytes;
	(void)size;
	return CTRACE_OK;
}

static bool try_with(const struct ctrace_source *source, struct ctrace_source_target *target,
		     struct ctrace_source_answer *answer, struct ctrace_source_counts *counts)
{
	struct ctrace_source_pass pass = {.is_last = true};
	struct ctrace_opened_source *opened;

	if (!ctrace_source_trace_init(target->trace)) {
		ctrace_source_trace_finish(target->trace);
		ctrace_source_refuse(answer, "", "no memory");
		return false;
	}
	opened = source->open(target, answer);
	if (opened != NULL) {
		source->drain(opened, &pass);
		source->close(opened, counts);
	}
	ctrace_code_places_finish(target->trace);
	ctrace_source_trace_finish(target->trace);
	return opened != NULL;
}

static pid_t start_idler(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		while (true) {
			pause();
		}
	}
	return pid;
}

bool ctrace_sources_try(const struct ctrace_source *source, struct ctrace_source_answer *answer,
			struct ctrace_source_counts *counts)
{
	struct ctrace_writer_settings settings = {.write = drop};
	struct ctrace_writer writer;
	uint32_t next_stream = 1, threads_seen = 0;
	struct ctrace_source_trace trace = {
		.writer = &writer, .next_stream = &next_stream, .threads_seen = &threads_seen};
	struct ctrace_source_target target = {.trace = &trace};
	bool is_good;

	ctrace_clock_choose();
	settings.base_ticks = trace.base_ticks = ctrace_clock_ticks();
	settings.ticks_per_second = trace.ticks_per_second = ctrace_clock_frequency();
	settings.clock_kind = ctrace_clock_kind();
	target.pid = start_idler();
	if (target.pid < 0 || ctrace_writer_init(&writer, &settings) != CTRACE_OK) {
		ctrace_source_refuse(answer, "", "no memory");
		return false;
	}
	is_good = try_with(source, &target, answer, counts);
	ctrace_writer_finish(&writer);
	kill(target.pid, SIGKILL);
	waitpid(target.pid, NULL, 0);
	return is_good;
}
