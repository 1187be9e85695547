/* SPDX-License-Identifier: MIT */

/* Tracepoints in a file of root's; see tracepoint_cache.h. */

#include "tracer/sources/perf/tracepoint_cache.h"

#include "tracer/sources/kernel/proc_text.h"
#include "tracer/sources/tracefs/tracefs_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PATH	     "/var/cache/ctrace/tracepoints"
#define HEAD	     "ctrace tracepoints 1\n"
#define KERNEL_BYTES 160u
/* Ten events of 1 KB. */
#define FILE_BYTES (256u << 10)
#define REMEDY	   "run `ctrace sources --write-ids` as root, once for each kernel"

const char *ctrace_tracepoints_path(void)
{
	const char *said = secure_getenv("CTRACE_TRACEPOINTS");

	return said != NULL && said[0] != '\0' ? said : PATH;
}

/* Release and build: numbers of tracepoints differ from build to build. */
static void name_kernel(char *text, size_t size)
{
	struct utsname name;

	uname(&name);
	snprintf(text, size, "%s %s", name.release, name.version);
}

/* ---- reading ---- */

static enum ctrace_tracefs_event event_of(const char *path)
{
	unsigned event = 0;

	while (event < CTRACE_TRACEFS_EVENTS &&
	       strcmp(ctrace_tracefs_event_path((enum ctrace_tracefs_event)event), path) != 0) {
		event++;
	}
	return (enum ctrace_tracefs_event)event;
}

/* Cut off the text's first line; NULL: there is none. */
static char *cut_line(char **text)
{
	char *line = *text, *end = strchr(line, '\n');

	if (end == NULL) {
		return NULL;
	}
	*end = '\0';
	*text = end + 1;
	return line;
}

/* One "event PATH" and its format, up to the next one. Returns what comes after; NULL: no more. */
static char *parse_event(char *text, struct ctrace_tracefs_layout *layout)
{
	char *line = cut_line(&text), *next;
	enum ctrace_tracefs_event event;

	if (line == NULL || strncmp(line, "event ", 6) != 0) {
		return NULL;
	}
	event = event_of(line + 6);
	next = strstr(text, "\nevent ");
	if (next != NULL) {
		*next++ = '\0';
	}
	if (event != CTRACE_TRACEFS_EVENTS) {
		ctrace_tracefs_layout_take(layout, event, text);
	}
	return next;
}

bool ctrace_tracepoints_parse(char *text, const char *kernel, struct ctrace_tracefs_layout *layout,
			      struct ctrace_source_answer *answer)
{
	size_t head = strlen(HEAD);
	char *line;

	ctrace_tracefs_layout_begin(layout);
	if (strncmp(text, HEAD, head) != 0) {
		ctrace_source_refuse(answer, REMEDY, "the file of tracepoints is not one of ours");
		return false;
	}
	text += head;
	line = cut_line(&text);
	if (line == NULL || strncmp(line, "kernel ", 7) != 0 || strcmp(line + 7, kernel) != 0) {
		ctrace_source_refuse(answer, REMEDY, "the file of tracepoints is of kernel %.60s",
				     line != NULL && strlen(line) > 7 ? line + 7 : "(none)");
		return false;
	}
	while (text != NULL) {
		text = parse_event(text, layout);
	}
	if (layout->ids[CTRACE_TRACEFS_SWITCH] == 0) {
		ctrace_source_refuse(answer, REMEDY,
				     "the file of tracepoints has no sched/sched_switch");
		return false;
	}
	return true;
}

/* Only root can have written it: neither links nor other people's files are followed. */
static bool is_roots(int fd, const char *path, struct ctrace_source_answer *answer)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != 0 ||
	    (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		ctrace_source_refuse(answer, REMEDY,
				     "%s is not a file of root's that only root can write to",
				     path);
		return false;
	}
	return true;
}

static char *read_text(int fd)
{
	char *text = malloc(FILE_BYTES + 1);
	size_t size = 0;
	ssize_t got;

	while (text != NULL && size < FILE_BYTES &&
	       (got = read(fd, text + size, FILE_BYTES - size)) > 0) {
		size += (size_t)got;
	}
	if (text != NULL) {
		text[size] = '\0';
	}
	return text;
}

bool ctrace_tracepoints_read(const char *path, struct ctrace_tracefs_layout *layout,
			     struct ctrace_source_answer *answer)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char kernel[KERNEL_BYTES], *text;
	bool is_good;

	if (fd < 0) {
		ctrace_source_refuse(answer, REMEDY, "tracefs is for root only here, and %s: %s",
				     path, strerror(errno));
		return false;
	}
	text = is_roots(fd, path, answer) ? read_text(fd) : NULL;
	close(fd);
	if (text == NULL) {
		return false;
	}
	name_kernel(kernel, sizeof(kernel));
	is_good = ctrace_tracepoints_parse(text, kernel, layout, answer);
	free(text);
	return is_good;
}

bool ctrace_tracepoints_get(struct ctrace_tracefs_layout *layout,
			    struct ctrace_source_answer *answer)
{
	struct ctrace_source_answer unused;
	int root = ctrace_tracefs_open(&unused);
	bool is_read = root >= 0 && ctrace_tracefs_layout_read(layout, root, &unused);

	if (root >= 0) {
		close(root);
	}
	return is_read || ctrace_tracepoints_read(ctrace_tracepoints_path(), layout, answer);
}

/* ---- writing ---- */

static void write_event(FILE *file, int root, enum ctrace_tracefs_event event, char *text)
{
	if (ctrace_tracefs_layout_text(root, event, text, CTRACE_TRACEFS_FORMAT_BYTES) > 0) {
		fprintf(file, "event %s\n%s", ctrace_tracefs_event_path(event), text);
	}
}

static bool write_all(FILE *file, int root)
{
	char *text = malloc(CTRACE_TRACEFS_FORMAT_BYTES), kernel[KERNEL_BYTES];

	if (text == NULL) {
		return false;
	}
	name_kernel(kernel, sizeof(kernel));
	fprintf(file, HEAD "kernel %s\n", kernel);
	for (unsigned event = 0; event < CTRACE_TRACEFS_EVENTS; event++) {
		write_event(file, root, (enum ctrace_tracefs_event)event, text);
	}
	free(text);
	return fflush(file) == 0 && !ferror(file) && fsync(fileno(file)) == 0;
}

static void make_folder(const char *path)
{
	char *copy = strdup(path);

	if (copy != NULL) {
		mkdir(dirname(copy), 0755);
	}
	free(copy);
}

/* Under another name until it is whole. */
static int write_beside(const char *path, const char *beside, int root)
{
	int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool is_written;

	if (file == NULL) {
		return errno;
	}
	fchmod(fd, 0644);
	is_written = write_all(file, root);
	if (fclose(file) != 0 || !is_written || rename(beside, path) != 0) {
		int error = errno;

		unlink(beside);
		return error;
	}
	return 0;
}

bool ctrace_tracepoints_write(const char *path, struct ctrace_source_answer *answer)
{
	int root = ctrace_tracefs_open(answer), error;
	char beside[512];

	if (root < 0) {
		return false;
	}
	make_folder(path);
	snprintf(beside, sizeof(beside), "%s.%d", path, (int)getpid());
	error = write_beside(path, beside, root);
	close(root);
	if (error != 0) {
		ctrace_source_refuse(answer, "", "%s: %s", path, strerror(error));
	}
	return error == 0;
}
