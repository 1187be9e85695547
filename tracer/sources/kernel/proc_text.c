/* SPDX-License-Identifier: MIT */
/* Small files of the kernel; see proc_text.h. */

#include "tracer/sources/kernel/proc_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t got = 1;

	while (got > 0 && used < size - 1) {
		got = read(fd, text + used, size - 1 - used);
		used += got > 0 ? (size_t)got : 0;
	}
	text[used] = '\0';
	return got < 0 && used == 0 ? -errno : (ssize_t)used;
}

ssize_t ctrace_proc_text_at(int directory, const char *path, char *text, size_t size)
{
	int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	text[0] = '\0';
	if (fd < 0) {
		return -errno;
	}
	got = read_all(fd, text, size);
	close(fd);
	return got;
}

ssize_t ctrace_proc_text(const char *path, char *text, size_t size)
{
	return ctrace_proc_text_at(AT_FDCWD, path, text, size);
}

bool ctrace_proc_number(const char *text, const char *word, uint64_t *number)
{
	size_t size = strlen(word);

	for (const char *at = text; at != NULL; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, word, size) == 0) {
			*number = strtoull(at + size, NULL, 10);
			return true;
		}
		if (*at == '\0') {
			break;
		}
	}
	return false;
}

bool ctrace_proc_ids(uint32_t tid, struct ctrace_proc_ids *ids)
{
	char path[40], text[2048];
	uint64_t pid, parent;

	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	if (ctrace_proc_text(path, text, sizeof(text)) <= 0 ||
	    !ctrace_proc_number(text, "Tgid:", &pid) ||
	    !ctrace_proc_number(text, "PPid:", &parent)) {
		return false;
	}
	*ids = (struct ctrace_proc_ids){.pid = (uint32_t)pid, .parent_pid = (uint32_t)parent};
	return true;
}
