/* SPDX-License-Identifier: MIT */
/* Opening what the user named, and saying in one line why it cannot be. */

#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Enough to see `"traceEvents"` behind some metadata. */
#define GUESS_BYTES 4096
#define COPY_BYTES  (1u << 16)

const char *ctrace_input_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

void ctrace_input_complain(const char *path, const struct ctrace_error *error)
{
	char line[1024];

	ctrace_error_line(error, ctrace_input_name(path), line, sizeof(line));
	fprintf(stderr, "%s\n", line);
}

static int complain(const char *path, const char *what)
{
	struct ctrace_error error = {.offset = CTRACE_NO_OFFSET, .chunk = CTRACE_NO_CHUNK};

	snprintf(error.text, sizeof(error.text), "%s", what);
	ctrace_input_complain(path, &error);
	return -1;
}

static int complain_errno(const char *path, const char *doing)
{
	char what[160];

	if (errno == ENOENT) {
		return complain(path, "no such file");
	}
	if (errno == EACCES) {
		return complain(path, "no permission to read it");
	}
	snprintf(what, sizeof(what), "%s: %s", doing, strerror(errno));
	return complain(path, what);
}

/* An unlinked file where temporary files belong. */
static int open_spool(void)
{
	const char *folder = getenv("TMPDIR");
	char name[4096];

	if (folder == NULL || folder[0] == '\0') {
		folder = "/tmp";
	}
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) {
		return fd;
	}
	snprintf(name, sizeof(name), "%s/ctrace-XXXXXX", folder);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0) {
		unlink(name);
	}
	return fd;
}

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t done = write(fd, bytes, size);
		if (done < 0 && errno != EINTR) {
			return -1;
		}
		if (done > 0) {
			bytes += done;
			size -= (size_t)done;
		}
	}
	return 0;
}

static int copy_all(int from, int to)
{
	char bytes[COPY_BYTES];

	for (;;) {
		ssize_t size = read(from, bytes, sizeof(bytes));
		if (size == 0) {
			return 0;
		}
		if (size < 0 && errno == EINTR) {
			continue;
		}
		if (size < 0 || write_all(to, bytes, (size_t)size) < 0) {
			return -1;
		}
	}
}

static int spool(const char *path, int from)
{
	int fd = open_spool();

	if (fd < 0) {
		return complain_errno(path, "cannot make a temporary file");
	}
	if (copy_all(from, fd) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		complain_errno(path, "cannot copy it to a temporary file");
		close(fd);
		return -1;
	}
	return fd;
}

static int open_named(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return complain_errno(path, "cannot open it");
	}
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		close(fd);
		return complain(path, "is a directory, not a trace");
	}
	if (lseek(fd, 0, SEEK_CUR) >= 0 && !S_ISCHR(status.st_mode)) {
		return fd;
	}
	int spooled = spool(path, fd);
	close(fd);
	return spooled;
}

int ctrace_input_open(const char *path)
{
	if (strcmp(path, "-") != 0) {
		return open_named(path);
	}
	if (isatty(STDIN_FILENO)) {
		return complain(path, "is a terminal; name a file, or pipe a trace in");
	}
	return spool(path, STDIN_FILENO);
}

static bool begins_with(const unsigned char *bytes, size_t size, const char *magic,
			size_t magic_size)
{
	return size >= magic_size && memcmp(bytes, magic, magic_size) == 0;
}

/* Chrome's form is an object with traceEvents or an array of objects with "ph". */
static bool looks_like_json(const unsigned char *bytes, size_t size)
{
	size_t i = 0;

	while (i < size && strchr(" \t\r\n", bytes[i]) != NULL && bytes[i] != '\0') {
		i++;
	}
	return i < size && (bytes[i] == '{' || bytes[i] == '[');
}

static bool looks_like_chrome(const unsigned char *bytes, size_t size)
{
	static const char events[] = "\"traceEvents\"", phase[] = "\"ph\"";

	return memmem(bytes, size, events, sizeof(events) - 1) != NULL ||
	       memmem(bytes, size, phase, sizeof(phase) - 1) != NULL;
}

const char *ctrace_input_guess(const unsigned char *bytes, size_t size)
{
	/* clang-format off */
	static const struct {
		const char *magic;
		size_t size;
		const char *words;
	} known[] = {
		{"\x89PNG\r\n", 6, "looks like a PNG picture, not a ctrace file"},
		{"\x1f\x8b", 2, "looks like gzip, not a ctrace file; unpack it first: gzip -dc FILE | ctrace … -"},
		{"PK\x03\x04", 4, "looks like a zip archive, not a ctrace file; unpack it first"},
		{"\x28\xb5\x2f\xfd", 4, "looks like zstd, not a ctrace file; unpack it first: zstd -dc FILE | ctrace … -"},
		{"\x7f" "ELF", 4, "looks like a program, not a ctrace file"},
		{"ctrace-text", 11, "is the text form of a trace; first: ctrace dump --assemble FILE -o trace.out"},
		{"<", 1, "looks like HTML or XML, not a ctrace file; was it saved from an error page?"},
	};
	/* clang-format on */

	bool is_chrome = looks_like_chrome(bytes, size);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (begins_with(bytes, size, known[i].magic, known[i].size)) {
			return known[i].words;
		}
	}
	if (!looks_like_json(bytes, size)) {
		return NULL;
	}
	if (is_chrome) {
		return "looks like Chrome trace JSON, not a ctrace file; open it at "
		       "https://ui.perfetto.dev or chrome://tracing";
	}
	return "looks like JSON, not a ctrace file";
}

/* A better word than "wrong magic", if the first bytes are known. */
static void complain_trace(const char *path, int fd, const struct ctrace_error *error)
{
	unsigned char bytes[GUESS_BYTES];
	ssize_t size = pread(fd, bytes, sizeof(bytes), 0);
	const char *guess = NULL;

	if (error->status == CTRACE_ERR_NOT_TRACE && size > 0) {
		guess = ctrace_input_guess(bytes, (size_t)size);
	}
	if (guess != NULL) {
		complain(path, guess);
		return;
	}
	ctrace_input_complain(path, error);
}

enum ctrace_status ctrace_input_trace(const char *path,
				      const struct ctrace_trace_settings *settings,
				      struct ctrace_trace **trace, int *fd)
{
	struct ctrace_error error = {0};

	*fd = ctrace_input_open(path);
	if (*fd < 0) {
		return CTRACE_ERR_IO;
	}
	enum ctrace_status status = ctrace_trace_open(trace, *fd, settings, &error);
	if (status != CTRACE_OK) {
		complain_trace(path, *fd, &error);
		close(*fd);
		*fd = -1;
	}
	return status;
}
