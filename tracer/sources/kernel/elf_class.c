/* SPDX-License-Identifier: MIT */
/* The class of a program; see elf_class.h. */

#include "tracer/sources/kernel/elf_class.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool ctrace_elf_is_compat(uint32_t pid, const char *path)
{
	char running[40], head[EI_NIDENT];
	bool is_elf;
	int fd;

	snprintf(running, sizeof(running), "/proc/%u/exe", pid);
	fd = open(running, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && path[0] == '/') {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	if (fd < 0) {
		return false;
	}
	is_elf = read(fd, head, sizeof(head)) == (ssize_t)sizeof(head) &&
		 memcmp(head, ELFMAG, SELFMAG) == 0;
	close(fd);
	return is_elf && head[EI_CLASS] == ELFCLASS32 && sizeof(void *) == 8;
}
