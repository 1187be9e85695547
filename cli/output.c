/* SPDX-License-Identifier: MIT */
/* A file that appears whole or not at all, compressed on the way if asked for. */

#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define GZIP_BUFFER_BYTES (256u << 10)
/* The fastest: JSON of a trace shrinks tenfold with it, and better ones cost minutes. */
#define GZIP_LEVEL 1
/* zlib's window of 32 KiB, plus the bit that asks for gzip's header. */
#define GZIP_WINDOW (15 + 16)
/* Tries at a temporary name that nobody has. */
#define NAME_TRIES 100

struct ctrace_gzip {
	z_stream stream;
	unsigned char buffer[GZIP_BUFFER_BYTES];
};

static const char *name_of(const struct ctrace_output *output)
{
	return output->is_stdout ? "standard output" : output->path;
}

static bool fail(struct ctrace_output *output, const char *doing)
{
	if (!output->is_failed) {
		fprintf(stderr, "%s: %s: %s\n", name_of(output), doing, strerror(errno));
	}
	output->is_failed = true;
	return false;
}

/* A copy of the path's folder; the caller frees. */
static char *folder_of(const char *path)
{
	char *copy = strdup(path);
	char *folder = copy == NULL ? NULL : strdup(dirname(copy));

	free(copy);
	return folder;
}

/* A name next to `path` that ends in digits of its own. */
static char *name_beside(const char *path, unsigned number)
{
	char *name;

	return asprintf(&name, "%s.%ld-%u.part", path, (long)getpid(), number) < 0 ? NULL : name;
}

static bool open_named_temporary(struct ctrace_output *output)
{
	for (unsigned i = 0; i < NAME_TRIES; i++) {
		free(output->temporary);
		output->temporary = name_beside(output->path, i);
		if (output->temporary == NULL) {
			return fail(output, "cannot write it");
		}
		output->fd = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (output->fd >= 0) {
			return true;
		}
		if (errno != EEXIST) {
			break;
		}
	}
	free(output->temporary);
	output->temporary = NULL;
	return fail(output, "cannot write it");
}

static bool open_new_file(struct ctrace_output *output)
{
	char *folder = folder_of(output->path);

	if (folder == NULL) {
		return fail(output, "cannot write it");
	}
	output->fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	free(folder);
	if (output->fd >= 0) {
		return true;
	}
	if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) {
		return open_named_temporary(output);
	}
	return fail(output, "cannot write it");
}

static bool open_path(struct ctrace_output *output)
{
	struct stat status;
	bool is_there = stat(output->path, &status) == 0;

	if (is_there && S_ISDIR(status.st_mode)) {
		errno = EISDIR;
		return fail(output, "cannot write it");
	}
	if (is_there && !S_ISREG(status.st_mode)) {
		output->is_direct = true;
		output->fd = open(output->path, O_WRONLY | O_CLOEXEC);
		return output->fd >= 0 || fail(output, "cannot write it");
	}
	return open_new_file(output);
}

static bool start_gzip(struct ctrace_output *output)
{
	output->gzip = calloc(1, sizeof(*output->gzip));
	if (output->gzip == NULL || deflateInit2(&output->gzip->stream, GZIP_LEVEL, Z_DEFLATED,
						 GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(output->gzip);
		output->gzip = NULL;
		errno = ENOMEM;
		return fail(output, "cannot compress");
	}
	return true;
}

bool ctrace_output_open(struct ctrace_output *output, const char *path, bool is_gzip)
{
	*output = (struct ctrace_output){.path = path, .fd = -1};
	if (strcmp(path, "-") == 0) {
		output->is_stdout = true;
		output->is_direct = true;
		output->fd = STDOUT_FILENO;
	} else if (!open_path(output)) {
		return false;
	}
	return !is_gzip || start_gzip(output);
}

void ctrace_output_keep_rights(struct ctrace_output *output, int fd, bool has_owner)
{
	struct stat status;
	mode_t mode;

	if (output->is_direct || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		return;
	}
	mode = status.st_mode & 0777;
	if (!has_owner || fchown(output->fd, status.st_uid, status.st_gid) != 0) {
		mode = (mode & 0707) | (mode & 07) << 3; /* another group */
	}
	fchmod(output->fd, mode);
}

static bool write_all(struct ctrace_output *output, const unsigned char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t done = write(output->fd, bytes, size);
		if (done < 0 && errno != EINTR) {
			return fail(output, "cannot write it");
		}
		if (done > 0) {
			bytes += done;
			size -= (size_t)done;
			output->bytes += (uint64_t)done;
		}
	}
	return true;
}

/* Compress what is there; with `flush` Z_FINISH also the end. */
static bool compress_some(struct ctrace_output *output, int flush)
{
	struct ctrace_gzip *gzip = output->gzip;
	int answer;

	do {
		gzip->stream.next_out = gzip->buffer;
		gzip->stream.avail_out = sizeof(gzip->buffer);
		answer = deflate(&gzip->stream, flush);
		size_t made = sizeof(gzip->buffer) - gzip->stream.avail_out;
		if (!write_all(output, gzip->buffer, made)) {
			return false;
		}
	} while (gzip->stream.avail_out == 0 || (flush == Z_FINISH && answer == Z_OK));
	return true;
}

bool ctrace_output_write(struct ctrace_output *output, const void *bytes, size_t size)
{
	if (output->is_failed) {
		return false;
	}
	if (output->gzip == NULL) {
		return write_all(output, bytes, size);
	}
	for (const unsigned char *at = bytes; size > 0;) {
		size_t part = size < UINT_MAX ? size : UINT_MAX;
		output->gzip->stream.next_in = (unsigned char *)(uintptr_t)at;
		output->gzip->stream.avail_in = (unsigned)part;
		if (!compress_some(output, Z_NO_FLUSH)) {
			return false;
		}
		at += part;
		size -= part;
	}
	return true;
}

/* Give the nameless file a name that can be renamed: linking cannot replace. */
static bool name_temporary(struct ctrace_output *output)
{
	char source[32];

	snprintf(source, sizeof(source), "/proc/self/fd/%d", output->fd);
	for (unsigned i = 0; i < NAME_TRIES; i++) {
		char *name = name_beside(output->path, i);
		if (name != NULL &&
		    linkat(AT_FDCWD, source, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
			output->temporary = name;
			return true;
		}
		free(name);
		if (errno != EEXIST) {
			break;
		}
	}
	return fail(output, "cannot give it its name");
}

bool ctrace_output_commit(struct ctrace_output *output)
{
	if (output->is_failed || (output->gzip != NULL && !compress_some(output, Z_FINISH))) {
		return false;
	}
	if (output->is_direct) {
		return true;
	}
	if (output->temporary == NULL && !name_temporary(output)) {
		return false;
	}
	/* Some file systems tell only here that the disk is full. */
	int fd = output->fd;
	output->fd = -1;
	if (close(fd) != 0) {
		return fail(output, "cannot write it");
	}
	if (rename(output->temporary, output->path) != 0) {
		return fail(output, "cannot give it its name");
	}
	free(output->temporary);
	output->temporary = NULL;
	return true;
}

void ctrace_output_finish(struct ctrace_output *output)
{
	if (output->fd >= 0 && !output->is_stdout) {
		close(output->fd);
	}
	if (output->temporary != NULL) {
		unlink(output->temporary);
		free(output->temporary);
	}
	if (output->gzip != NULL) {
		deflateEnd(&output->gzip->stream);
		free(output->gzip);
	}
	*output = (struct ctrace_output){.fd = -1};
}
