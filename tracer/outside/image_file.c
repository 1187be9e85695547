/* SPDX-License-Identifier: MIT */

/* Mapping or copying a file; see image_file.h. */

#include "tracer/outside/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum ctrace_status io_error(struct ctrace_error *error, const char *what)
{
	return ctrace_error_set(error, CTRACE_ERR_IO, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK, "%s: %s",
				what, strerror(errno));
}

static enum ctrace_status check_size(uint64_t size, size_t size_min, size_t size_max,
				     struct ctrace_error *error)
{
	if (size < size_min) {
		return ctrace_error_set(error, CTRACE_ERR_CUT, size, CTRACE_NO_CHUNK,
					"the file ends here; it must have %zu bytes", size_min);
	}
	if (size > size_max) {
		return ctrace_error_set(error, CTRACE_ERR_LIMIT, size_max, CTRACE_NO_CHUNK,
					"the file has %llu bytes, over the limit of %zu",
					(unsigned long long)size, size_max);
	}
	return CTRACE_OK;
}

static bool read_all(int fd, uint8_t *bytes, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t now = pread(fd, bytes + got, size - got, (off_t)got);

		if (now < 0 && errno == EINTR) {
			continue;
		}
		if (now <= 0) {
			errno = now == 0 ? EIO : errno;
			return false;
		}
		got += (size_t)now;
	}
	return true;
}

static enum ctrace_status take_bytes(struct ctrace_image_file *file, int fd,
				     struct ctrace_error *error)
{
	int flags = file->is_shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
	void *at =
		mmap(NULL, file->size, PROT_READ | PROT_WRITE, flags, file->is_shared ? fd : -1, 0);

	if (at == MAP_FAILED) {
		return io_error(error, "no memory for it");
	}
	file->bytes = at;
	if (!file->is_shared && !read_all(fd, file->bytes, file->size)) {
		ctrace_image_file_close(file);
		return io_error(error, "cannot be read");
	}
	return CTRACE_OK;
}

static enum ctrace_status open_plain(struct ctrace_image_file *file, int fd, size_t size_min,
				     size_t size_max, struct ctrace_error *error)
{
	struct stat about;
	enum ctrace_status status;

	if (fstat(fd, &about) != 0) {
		return io_error(error, "cannot be looked at");
	}
	if (!S_ISREG(about.st_mode)) {
		return ctrace_error_set(error, CTRACE_ERR_DAMAGED, CTRACE_NO_OFFSET,
					CTRACE_NO_CHUNK, "not a plain file");
	}
	if (about.st_size == 0) {
		return CTRACE_ERR_NOT_FOUND; /* its space is not there yet, or never came */
	}
	status = check_size((uint64_t)about.st_size, size_min, size_max, error);
	if (status != CTRACE_OK) {
		return status;
	}
	file->size = (size_t)about.st_size;
	return take_bytes(file, fd, error);
}

enum ctrace_status ctrace_image_file_open(struct ctrace_image_file *file, const char *path,
					  bool is_shared, size_t size_min, size_t size_max,
					  struct ctrace_error *error)
{
	int fd = open(path, (is_shared ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	enum ctrace_status status;

	*file = (struct ctrace_image_file){.is_shared = is_shared};
	if (fd < 0) {
		return errno == ENOENT ? CTRACE_ERR_NOT_FOUND : io_error(error, "cannot be opened");
	}
	status = open_plain(file, fd, size_min, size_max, error);
	close(fd);
	return status;
}

void ctrace_image_file_close(struct ctrace_image_file *file)
{
	if (file->bytes != NULL) {
		munmap(file->bytes, file->size);
		file->bytes = NULL;
	}
}
