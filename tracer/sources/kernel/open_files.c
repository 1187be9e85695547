/* SPDX-License-Identifier: MIT */
/* Names of descriptors; see open_files.h. */

#include "tracer/sources/kernel/open_files.h"

#include "tracer/sources/kernel/socket_names.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/limits.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum file_state { FILE_UNKNOWN, FILE_WANTED, FILE_SEEN, FILE_KNOWN };

struct file_entry {
	uint64_t key; /* process and descriptor; 0: free */
	uint64_t since;
	uint64_t asked; /* ticks, of SEEN */
	uint32_t pid, name;
	uint32_t next; /* place + 1 of another one of its process; 0: none */
	enum file_state state;
	bool is_waiting; /* in the list below */
	bool was_asked;	 /* since it was opened */
	bool had_row;	 /* a reader knows it by a name */
};

/* By key: open addressing over a power of two. When half full, all is forgotten: it is a cache. */
struct ctrace_open_files {
	struct file_entry *entries;
	uint32_t count;
	uint32_t *waiting; /* places of WANTED and SEEN ones */
	uint32_t waiting_count;
	uint32_t rows;
	struct ctrace_socket_names *sockets;
};

#define ROOM (2 * CTRACE_SOURCE_FILES_KNOWN)

struct ctrace_open_files *ctrace_open_files_create(void)
{
	struct ctrace_open_files *files = calloc(1, sizeof(*files));

	if (files == NULL) {
		return NULL;
	}
	files->entries = calloc(ROOM, sizeof(*files->entries));
	files->waiting = malloc(CTRACE_SOURCE_FILES_KNOWN * sizeof(*files->waiting));
	files->sockets = ctrace_socket_names_create();
	if (files->entries == NULL || files->waiting == NULL || files->sockets == NULL) {
		ctrace_open_files_destroy(files);
		return NULL;
	}
	return files;
}

void ctrace_open_files_destroy(struct ctrace_open_files *files)
{
	if (files != NULL) {
		ctrace_socket_names_destroy(files->sockets);
		free(files->entries);
		free(files->waiting);
		free(files);
	}
}

/* ---- by process and descriptor ---- */

/* The head of a process's list stands where its descriptor -1 would. */
#define HEAD UINT32_MAX

/* The entry, or the free one where it would be. */
static struct file_entry *slot_of(const struct ctrace_open_files *files,
				  const struct ctrace_kernel_thread *thread, uint32_t fd)
{
	uint64_t key = (uint64_t)thread->process << 32 | (fd + 1u);
	uint32_t at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 40) % ROOM;

	while (files->entries[at].key != 0 && files->entries[at].key != key) {
		at = (at + 1) % ROOM;
	}
	return &files->entries[at];
}

static struct file_entry *add(struct ctrace_open_files *files,
			      const struct ctrace_kernel_thread *thread, uint32_t fd)
{
	struct file_entry *entry = slot_of(files, thread, fd);

	if (entry->key == 0) {
		files->count++;
		*entry = (struct file_entry){.key = (uint64_t)thread->process << 32 | (fd + 1u),
					     .pid = thread->pid};
	}
	return entry;
}

/* Found or made. */
static struct file_entry *find(struct ctrace_open_files *files,
			       const struct ctrace_kernel_thread *thread, uint32_t fd)
{
	struct file_entry *entry = slot_of(files, thread, fd);
	struct file_entry *head;

	if (entry->key != 0) {
		return entry;
	}
	if (files->count + 2 > CTRACE_SOURCE_FILES_KNOWN) {
		memset(files->entries, 0, ROOM * sizeof(*files->entries));
		files->count = 0;
		files->waiting_count = 0;
	}
	head = add(files, thread, HEAD);
	entry = add(files, thread, fd);
	entry->next = head->next;
	head->next = (uint32_t)(entry - files->entries) + 1;
	return entry;
}

static void row(struct ctrace_source_trace *trace, struct file_entry *entry, uint64_t from,
		uint32_t name)
{
	const struct ctrace_file_row about = {
		.pid = entry->pid,
		.fd = (uint32_t)entry->key - 1u,
		.from = ctrace_source_trace_after_base(trace, from),
		.name = name,
	};

	if (trace->is_endless || trace->files->rows < CTRACE_SOURCE_FILES_MAX) {
		trace->files->rows++;
		ctrace_writer_file(trace->writer, &about);
	}
	entry->had_row = name != 0;
}

static void want(struct ctrace_open_files *files, struct file_entry *entry, uint64_t ticks)
{
	entry->state = FILE_WANTED;
	entry->since = ticks;
	if (!entry->is_waiting) {
		entry->is_waiting = true;
		files->waiting[files->waiting_count++] = (uint32_t)(entry - files->entries);
	}
}

static bool is_descriptor(const struct ctrace_kernel_thread *thread, uint32_t fd)
{
	return thread->pid != 0 && fd <= INT_MAX;
}

void ctrace_open_files_use(struct ctrace_source_trace *trace,
			   const struct ctrace_kernel_thread *thread, uint32_t fd, uint64_t ticks)
{
	struct file_entry *entry;

	if (!is_descriptor(thread, fd)) {
		return;
	}
	entry = find(trace->files, thread, fd);
	if (entry->state == FILE_UNKNOWN && !entry->was_asked) {
		want(trace->files, entry, ticks);
	}
}

void ctrace_open_files_opened(struct ctrace_source_trace *trace,
			      const struct ctrace_kernel_thread *thread, uint32_t fd,
			      uint64_t ticks)
{
	if (is_descriptor(thread, fd)) {
		ctrace_open_files_closed(trace, thread, fd, ticks);
		want(trace->files, find(trace->files, thread, fd), ticks);
	}
}

static void forget(struct ctrace_source_trace *trace, struct file_entry *entry, uint64_t ticks)
{
	entry->state = FILE_UNKNOWN;
	entry->was_asked = false;
	if (entry->had_row) {
		row(trace, entry, ticks, 0);
	}
}

void ctrace_open_files_closed(struct ctrace_source_trace *trace,
			      const struct ctrace_kernel_thread *thread, uint32_t fd,
			      uint64_t ticks)
{
	struct file_entry *entry = slot_of(trace->files, thread, fd);

	if (entry->key != 0) {
		forget(trace, entry, ticks);
	}
}

void ctrace_open_files_exec(struct ctrace_source_trace *trace,
			    const struct ctrace_kernel_thread *thread, uint64_t ticks)
{
	struct file_entry *entry = slot_of(trace->files, thread, HEAD);

	while (entry->next != 0) {
		entry = &trace->files->entries[entry->next - 1];
		forget(trace, entry, ticks);
	}
}

/* ---- names ---- */

static void ask(struct ctrace_source_trace *trace, struct file_entry *entry)
{
	char path[64], name[PATH_MAX];
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%u/fd/%u", entry->pid, (uint32_t)entry->key - 1u);
	size = readlink(path, name, sizeof(name) - 1);
	if (size <= 0) {
		entry->was_asked = true;
		entry->state = FILE_UNKNOWN;
		return;
	}
	name[size] = '\0';
	if (!ctrace_socket_name(trace->files->sockets, entry->pid, entry->since, name,
				sizeof(name))) {
		return; /* it is still wanted */
	}
	entry->was_asked = true;
	entry->name = ctrace_writer_passing_string(trace->writer, name, strlen(name));
	entry->asked = ctrace_clock_ticks();
	entry->state = FILE_SEEN;
}

/* Is there anything left to do about it? */
static bool step(struct ctrace_source_trace *trace, struct file_entry *entry, uint64_t until,
		 unsigned *lookups)
{
	if (entry->state == FILE_WANTED && *lookups > 0) {
		(*lookups)--;
		ask(trace, entry);
	} else if (entry->state == FILE_SEEN && entry->asked < until) {
		row(trace, entry, entry->since, entry->name);
		entry->state = FILE_KNOWN;
	}
	return entry->state == FILE_WANTED || entry->state == FILE_SEEN;
}

void ctrace_open_files_round(struct ctrace_source_trace *trace, uint64_t until)
{
	struct ctrace_open_files *files = trace->files;
	unsigned lookups = CTRACE_SOURCE_LOOKUPS_MAX;
	uint32_t left = 0;

	for (uint32_t i = 0; i < files->waiting_count; i++) {
		struct file_entry *entry = &files->entries[files->waiting[i]];

		entry->is_waiting = step(trace, entry, until, &lookups);
		if (entry->is_waiting) {
			files->waiting[left++] = files->waiting[i];
		}
	}
	files->waiting_count = left;
}
