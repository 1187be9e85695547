/* SPDX-License-Identifier: MIT */

/* Rows about the process and the machine; see describe.h. */

#include "tracer/src/sites/describe.h"

#include "format/limits.h"
#include "tracer/src/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static char chosen_name[CTRACE_NAME_BYTES_MAX];
static pthread_mutex_t name_lock = PTHREAD_MUTEX_INITIALIZER;

void ctrace_describe_set_name(const char *name)
{
	/* A forked child may find it locked: then it keeps its parent's name. */
	if (pthread_mutex_trylock(&name_lock) == 0) {
		snprintf(chosen_name, sizeof(chosen_name), "%s", name != NULL ? name : "");
		pthread_mutex_unlock(&name_lock);
	}
}

static size_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;

	while (fd >= 0 && used < size) {
		ssize_t got = read(fd, text + used, size - used);

		if (got <= 0) {
			break;
		}
		used += (size_t)got;
	}
	if (fd >= 0) {
		close(fd);
	}
	return used;
}

static size_t without_newline(const char *text, size_t size)
{
	return size > 0 && text[size - 1] == '\n' ? size - 1 : size;
}

static void file_row(struct ctrace_writer *writer, const char *key, const char *path)
{
	char text[4096];
	size_t size = read_file(path, text, sizeof(text));

	ctrace_writer_meta(writer, key, text, without_newline(text, size));
}

static void text_row(struct ctrace_writer *writer, const char *key, const char *text)
{
	ctrace_writer_meta(writer, key, text, strlen(text));
}

/* Arguments joined by NUL; the last one's own NUL goes. */
static void command_row(struct ctrace_writer *writer)
{
	char text[CTRACE_META_VALUE_BYTES_MAX];
	size_t size = read_file("/proc/self/cmdline", text, sizeof(text));

	ctrace_writer_meta(writer, "command", text, size > 0 ? size - 1 : 0);
}

static void program_row(struct ctrace_writer *writer)
{
	char path[4096];
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path));

	ctrace_writer_meta(writer, "program", path, size > 0 ? (size_t)size : 0);
}

static void system_rows(struct ctrace_writer *writer)
{
	struct utsname system;
	char text[sizeof(system.sysname) + sizeof(system.release) + sizeof(system.machine) + 3];

	if (uname(&system) != 0) {
		return;
	}
	text_row(writer, "host", system.nodename);
	snprintf(text, sizeof(text), "%s %s %s", system.sysname, system.release, system.machine);
	text_row(writer, "kernel", text);
	file_row(writer, "boot_id", "/proc/sys/kernel/random/boot_id");
}

static void process_row(struct ctrace_writer *writer)
{
	struct ctrace_process_row row = {.pid = (uint64_t)getpid(),
					 .parent_pid = (uint64_t)getppid()};
	char name[CTRACE_NAME_BYTES_MAX];
	size_t size = 0;

	if (pthread_mutex_trylock(&name_lock) == 0) {
		size = strlen(chosen_name);
		memcpy(name, chosen_name, size);
		pthread_mutex_unlock(&name_lock);
	}
	if (size == 0) {
		size = read_file("/proc/self/comm", name, sizeof(name));
		size = without_newline(name, size);
	}
	row.name = ctrace_writer_string(writer, name, size);
	ctrace_writer_process(writer, &row);
}

void ctrace_describe_process(struct ctrace_writer *writer, void *unused)
{
	char pid[24];

	(void)unused;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	text_row(writer, "pid", pid);
	text_row(writer, "recorder", "libctrace " CTRACE_VERSION);
	program_row(writer);
	command_row(writer);
	system_rows(writer);
	process_row(writer);
}
