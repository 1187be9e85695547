/* SPDX-License-Identifier: MIT */

/* Writes a trace to a file; see file_sink.h. */

#include "tracer/src/collect/file_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Few calls, little given back. */
#define RESERVE_STEP_BYTES (1u << 20)
/* Blocks of some threads, tables and trailer; the index takes up to an index row a chunk more. */
#define CLOSING_BYTES		(4u << 20)
#define CLOSING_BYTES_PER_WRITE 64u

static int open_with(struct ctrace_file_sink *sink, const char *path, int how)
{
	struct stat status;

	*sink = (struct ctrace_file_sink){
		.fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | how, 0600)};
	if (sink->fd < 0) {
		return -errno;
	}
	if (fstat(sink->fd, &status) == 0) {
		sink->is_plain = S_ISREG(status.st_mode);
		sink->device = status.st_dev;
		sink->inode = status.st_ino;
	}
	sink->can_reserve = sink->is_plain;
	return 0;
}

int ctrace_file_sink_init(struct ctrace_file_sink *sink, const char *path)
{
	return open_with(sink, path, O_TRUNC);
}

int ctrace_file_sink_init_new(struct ctrace_file_sink *sink, const char *path)
{
	return open_with(sink, path, O_EXCL);
}

static void note_trouble(struct ctrace_file_sink *sink, int error, const char *text)
{
	if (sink->error == 0) {
		sink->error = error;
		snprintf(sink->reason, sizeof(sink->reason), "%s", text);
	}
}

static void note_error(struct ctrace_file_sink *sink, int error)
{
	note_trouble(sink, error, strerror(error));
}

/* Is the descriptor still the file that we opened, and as long as we made it? */
static bool is_still_ours(struct ctrace_file_sink *sink)
{
	struct stat status;

	if (fstat(sink->fd, &status) != 0) {
		note_trouble(sink, errno, "the program closed the trace's descriptor");
		return false;
	}
	if (status.st_dev != sink->device || status.st_ino != sink->inode) {
		note_trouble(sink, EBADF,
			     "the program uses the trace's descriptor for another file");
		return false;
	}
	if (sink->is_plain && (uint64_t)status.st_size < sink->offset) {
		note_trouble(sink, EIO, "somebody cut the file short");
		return false;
	}
	return true;
}

static bool is_deleted(const struct ctrace_file_sink *sink)
{
	struct stat status;

	return sink->is_plain && fstat(sink->fd, &status) == 0 && status.st_nlink == 0;
}

static void give_back(struct ctrace_file_sink *sink)
{
	int result = 0;

	if (sink->is_plain && sink->reserved > sink->offset) {
		do {
			result = ftruncate(sink->fd, (off_t)sink->offset);
		} while (result != 0 && errno == EINTR);
	}
	if (result != 0) {
		note_trouble(sink, errno, "space reserved ahead could not be given back");
	}
}

void ctrace_file_sink_finish(struct ctrace_file_sink *sink)
{
	if (sink->fd <= 0) {
		return;
	}
	if (is_still_ours(sink)) {
		give_back(sink);
		if (is_deleted(sink)) {
			note_trouble(sink, ENOENT, "somebody deleted the file");
		}
		close(sink->fd);
	}
	sink->fd = -1;
}

static int reserve(struct ctrace_file_sink *sink, uint64_t to)
{
	int result;

	do {
		result = fallocate(sink->fd, FALLOC_FL_KEEP_SIZE, (off_t)sink->reserved,
				   (off_t)(to - sink->reserved));
	} while (result != 0 && errno == EINTR);
	return result == 0 ? 0 : errno;
}

/* Promise space for `size` bytes and for closing. Without it: ends, if closing was promised before.
 */
static void reserve_ahead(struct ctrace_file_sink *sink, size_t size)
{
	uint64_t closing = CLOSING_BYTES + sink->writes * CLOSING_BYTES_PER_WRITE;
	uint64_t need = sink->offset + size + closing;
	int error;

	if (!sink->can_reserve || sink->is_full || need <= sink->reserved) {
		return;
	}
	error = reserve(sink, need + RESERVE_STEP_BYTES);
	if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
		sink->is_full = true;
		note_error(sink, error);
	} else if (error != 0) {
		sink->can_reserve = false;
	} else {
		sink->reserved = need + RESERVE_STEP_BYTES;
	}
}

static ssize_t write_some(const struct ctrace_file_sink *sink, const void *bytes, size_t size)
{
	return sink->is_plain ? pwrite(sink->fd, bytes, size, (off_t)sink->offset)
			      : write(sink->fd, bytes, size);
}

static enum ctrace_status write_all(struct ctrace_file_sink *sink, const char *at, size_t size)
{
	while (size > 0) {
		ssize_t written = write_some(sink, at, size);

		if (written < 0 && errno == EINTR) {
			continue;
		}
		if (written <= 0) {
			note_error(sink, written < 0 ? errno : EIO);
			return CTRACE_ERR_IO;
		}
		sink->offset += (uint64_t)written;
		at += written;
		size -= (size_t)written;
	}
	return CTRACE_OK;
}

/* What a full disk took of a chunk is no chunk. */
static void cut_back(struct ctrace_file_sink *sink, uint64_t offset)
{
	if (sink->is_plain && sink->offset > offset && ftruncate(sink->fd, (off_t)offset) == 0) {
		sink->offset = offset;
	}
}

enum ctrace_status ctrace_file_sink_write(void *context, const void *bytes, size_t size)
{
	struct ctrace_file_sink *sink = context;
	uint64_t whole = sink->offset;
	enum ctrace_status status;

	if (!is_still_ours(sink)) {
		return CTRACE_ERR_IO;
	}
	reserve_ahead(sink, size);
	sink->writes++;
	status = write_all(sink, bytes, size);
	if (status != CTRACE_OK) {
		cut_back(sink, whole);
	}
	return status;
}

const char *ctrace_file_sink_wants_end(void *context)
{
	struct ctrace_file_sink *sink = context;

	if (!sink->is_full) {
		return NULL;
	}
	snprintf(sink->reason, sizeof(sink->reason), "no space at byte %llu: %s",
		 (unsigned long long)sink->offset, strerror(sink->error));
	return sink->reason;
}

const char *ctrace_file_sink_trouble(const struct ctrace_file_sink *sink)
{
	return sink->error != 0 ? sink->reason : NULL;
}
