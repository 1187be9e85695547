/* SPDX-License-Identifier: MIT */

/* Processes and the trace they go to; see outside.h. Their rings are in outside_rings.c. */

#include "tracer/outside/outside.h"

#include "tracer/outside/outside_flight.h"
#include "tracer/outside/outside_rings.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/image.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void ctrace_outside_init(struct ctrace_outside *outside, bool is_still,
			 void (*complain)(void *context, const char *line), void *context)
{
	*outside = (struct ctrace_outside){.is_still = is_still,
					   .complain = complain,
					   .context = context,
					   .next_stream = CTRACE_FIRST_STREAM};
}

void ctrace_outside_finish(struct ctrace_outside *outside)
{
	while (outside->processes != NULL) {
		ctrace_outside_remove(outside, outside->processes);
	}
	ctrace_session_free(outside->session);
	outside->session = NULL;
	free(outside->free_places);
	outside->free_places = NULL;
}

enum ctrace_status ctrace_outside_begin(struct ctrace_outside *outside,
					const struct ctrace_session_settings *settings,
					const struct ctrace_session_start *start)
{
	struct ctrace_session *session = calloc(1, sizeof(*session));
	enum ctrace_status status;

	if (session == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	session->settings = *settings;
	session->pid = getpid();
	session->recording.next_site = 1;
	status = ctrace_session_begin(session, start);
	if (status != CTRACE_OK) {
		ctrace_session_free(session);
		return status;
	}
	outside->session = session;
	return CTRACE_OK;
}

void ctrace_outside_end(struct ctrace_outside *outside, const char *ended,
			struct ctrace_session_totals *totals)
{
	struct ctrace_session *session = outside->session;

	while (outside->processes != NULL) {
		ctrace_outside_remove(outside, outside->processes);
	}
	ctrace_session_finish(session, ended);
	*totals = session->totals;
	ctrace_session_free(session);
	outside->session = NULL;
}

/* ---- what the collector asks of a process ---- */

static const struct ctrace_entry *foreign_entry(struct ctrace_origin *origin, unsigned code)
{
	struct ctrace_outside_process *process = (void *)origin;

	if (code >= CTRACE_CODES_MAX) {
		return NULL;
	}
	if (process->sites.entries[code] == NULL) {
		ctrace_outside_read_sites(process);
	}
	return process->sites.entries[code];
}

static uint32_t next_stream(struct ctrace_origin *origin, uint64_t unused)
{
	struct ctrace_outside_process *process = (void *)origin;

	(void)unused;
	return process->outside->next_stream++;
}

static struct ctrace_codes *foreign_codes(struct ctrace_origin *origin,
					  struct ctrace_session *session)
{
	struct ctrace_outside_process *process = (void *)origin;

	process->codes.origin = origin;
	process->codes.recording = &session->recording;
	return &process->codes;
}

/* Its process may have it for another thread. */
static void free_foreign_ring(struct ctrace_origin *unused, struct ctrace_feed *feed)
{
	(void)unused;
	/* [S] release: emptying before the change of hands. */
	atomic_store_explicit(&feed->place.ring->shared->state, CTRACE_RING_FREE,
			      memory_order_release);
}

/* ---- processes ---- */

void ctrace_outside_tell(struct ctrace_outside_process *process, const char *name,
			 const struct ctrace_error *error)
{
	struct ctrace_outside *outside = process->outside;
	char path[PATH_MAX + 32], line[PATH_MAX + 512];

	snprintf(path, sizeof(path), "%s/%s", process->folder, name);
	ctrace_error_line(error, path, line, sizeof(line));
	outside->complaints++;
	outside->complain(outside->context, line);
}

static void state_process(const struct ctrace_outside_process *process)
{
	struct ctrace_recording *recording = &process->outside->session->recording;
	struct ctrace_process_row row = {.pid = process->about.pid,
					 .parent_pid = process->about.parent_pid};

	row.name = ctrace_writer_string(&recording->writer, process->about.name,
					strlen(process->about.name));
	if (process->about.made > recording->base_ticks) {
		row.start = process->about.made - recording->base_ticks;
	}
	ctrace_writer_process(&recording->writer, &row);
}

/* Ticks of two kinds of clocks cannot stand in one file. */
static enum ctrace_status check_clock(const struct ctrace_outside_process *process,
				      struct ctrace_error *error)
{
	unsigned kind = process->outside->session->recording.writer.settings.clock_kind;

	if (process->about.clock_kind == kind) {
		return CTRACE_OK;
	}
	return ctrace_error_set(
		error, CTRACE_ERR_USAGE, offsetof(struct ctrace_process_image, clock_kind),
		CTRACE_NO_CHUNK,
		"process %u used a clock of kind %u, this trace one of kind %u: left "
		"out; record with CTRACE_CLOCK=monotonic_raw",
		process->about.pid, process->about.clock_kind, kind);
}

static enum ctrace_status open_process(struct ctrace_outside_process *process,
				       struct ctrace_error *error)
{
	enum ctrace_status status = ctrace_process_image_open(
		&process->about, &process->file, process->folder, !process->is_still, error);

	return status == CTRACE_OK ? check_clock(process, error) : status;
}

static void close_process(struct ctrace_outside_process *process)
{
	ctrace_outside_close_rings(process);
	ctrace_foreign_sites_finish(&process->sites);
	ctrace_image_file_close(&process->file);
	free(process);
}

struct ctrace_outside_process *ctrace_outside_add(struct ctrace_outside *outside,
						  const char *folder, bool *is_refused)
{
	struct ctrace_outside_process *process = calloc(1, sizeof(*process));
	struct ctrace_error error = {.status = CTRACE_OK};
	enum ctrace_status status;

	*is_refused = false;
	if (process == NULL) {
		return NULL;
	}
	process->origin = (struct ctrace_origin){.entry = foreign_entry,
						 .stream = next_stream,
						 .codes = foreign_codes,
						 .free_ring = free_foreign_ring};
	process->outside = outside;
	process->is_still = outside->is_still;
	snprintf(process->folder, sizeof(process->folder), "%s", folder);
	status = open_process(process, &error);
	if (status != CTRACE_OK) {
		*is_refused = status != CTRACE_ERR_NOT_FOUND;
		if (*is_refused) {
			ctrace_outside_tell(process, "process", &error);
		}
		close_process(process);
		return NULL;
	}
	process->origin.pid = (pid_t)process->about.pid;
	process->origin.number = ++outside->last_number;
	if (outside->process_count == 0) {
		outside->session->pid = process->origin.pid;
	}
	process->next = outside->processes;
	outside->processes = process;
	outside->process_count++;
	state_process(process);
	return process;
}

/* Events of threads without a ring go to one stream of the whole trace. */
static void drain_orphans(struct ctrace_outside_process *process)
{
	struct ctrace_process_image *image = (void *)process->file.bytes;
	struct ctrace_loss_count *orphans = &image->orphans;
	uint64_t count = atomic_load_explicit(&orphans->count, memory_order_acquire);
	uint64_t seen = atomic_load_explicit(&orphans->seen, memory_order_relaxed);
	uint64_t last = atomic_load_explicit(&orphans->last, memory_order_relaxed);

	if (count <= seen || count - seen > UINT32_MAX || last > CTRACE_STILL_TICKS_MAX) {
		return;
	}
	ctrace_session_orphans(process->outside->session, count - seen,
			       atomic_load_explicit(&orphans->first, memory_order_relaxed), last);
	atomic_store_explicit(&orphans->seen, count, memory_order_relaxed);
}

uint64_t ctrace_outside_drain(struct ctrace_outside *outside,
			      struct ctrace_outside_process *process, bool is_last)
{
	const struct ctrace_sessions sessions = {.list = &outside->session, .count = 1};
	const struct ctrace_pass pass = {.is_last = is_last,
					 .now_ms = ctrace_clock_raw_ns() / 1000000u};
	uint64_t count = 0;

	ctrace_outside_find_rings(process);
	for (uint32_t i = 0; i < process->rings_end; i++) {
		struct ctrace_outside_ring *ring = process->rings[i];
		uint64_t taken;

		if (ring == NULL || ring->file.bytes == NULL) {
			continue;
		}
		taken = ctrace_drain(&sessions, &ring->feed, &pass);
		ctrace_outside_tell_broken(process, ring);
		ring->events += taken;
		count += taken;
	}
	drain_orphans(process);
	process->events += count;
	return count;
}

void ctrace_outside_remove(struct ctrace_outside *outside, struct ctrace_outside_process *process)
{
	struct ctrace_outside_process **at = &outside->processes;

	while (*at != process) {
		at = &(*at)->next;
	}
	*at = process->next;
	if (outside->flight != NULL) {
		ctrace_outside_flight_inherit(outside->flight, process);
	}
	close_process(process);
}

/* ---- files ---- */

void ctrace_outside_delete(const char *folder)
{
	char path[PATH_MAX + 300];
	DIR *files = opendir(folder);

	for (const struct dirent *entry = files != NULL ? readdir(files) : NULL; entry != NULL;
	     entry = readdir(files)) {
		bool is_ours = strcmp(entry->d_name, "process") == 0 ||
			       strcmp(entry->d_name, CTRACE_MAPS_FILE) == 0 ||
			       strcmp(entry->d_name, CTRACE_MAPS_FILE_NEW) == 0 ||
			       strncmp(entry->d_name, "sites-", 6) == 0 ||
			       strncmp(entry->d_name, "ring-", 5) == 0;

		if (is_ours) {
			snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
			unlink(path);
		}
	}
	if (files != NULL) {
		closedir(files);
	}
	rmdir(folder);
}
