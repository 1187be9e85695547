/* SPDX-License-Identifier: MIT */
/* Finding tracefs; see tracefs_mount.h. */

#include "tracer/sources/tracefs/tracefs_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REMEDY_ROOT "run as root"

/* A directory that is tracefs; -errno. */
static int open_place(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		return -errno;
	}
	if (faccessat(fd, "trace_clock", R_OK | W_OK, AT_EACCESS) != 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

/* The three calls of a mount without a place; libc may lack them. */
static int mount_detached(void)
{
	int made = (int)syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC);
	int mounted, error;

	if (made < 0) {
		return -errno;
	}
	mounted = syscall(SYS_fsconfig, made, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0
			  ? (int)syscall(SYS_fsmount, made, FSMOUNT_CLOEXEC, 0)
			  : -1;
	error = errno;
	close(made);
	return mounted >= 0 ? mounted : -error;
}

static int refuse(struct ctrace_source_answer *answer, int place_error, int mount_error)
{
	if (place_error == EACCES || place_error == EPERM) {
		ctrace_source_refuse(answer, REMEDY_ROOT, "tracefs is for root only here");
	} else if (mount_error == EPERM) {
		ctrace_source_refuse(
			answer,
			REMEDY_ROOT
			", with CAP_SYS_ADMIN or tracefs mounted at /sys/kernel/tracing",
			"tracefs is not mounted, and we may not mount it");
	} else if (mount_error == ENODEV) {
		ctrace_source_refuse(answer, "a kernel with CONFIG_FTRACE_SYSCALLS",
				     "this kernel has no tracefs");
	} else {
		ctrace_source_refuse(answer, "mount -t tracefs none /sys/kernel/tracing",
				     "tracefs is not mounted, and cannot be: %s",
				     strerror(mount_error));
	}
	return -1;
}

int ctrace_tracefs_open(struct ctrace_source_answer *answer)
{
	static const char *const places[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	int place_error = ENOENT, fd;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		fd = open_place(places[i]);
		if (fd >= 0) {
			return fd;
		}
		place_error = fd == -EACCES || fd == -EPERM ? -fd : place_error;
	}
	fd = mount_detached();
	return fd >= 0 ? fd : refuse(answer, place_error, -fd);
}

static int write_file(int directory, const char *path, const char *text, int flags)
{
	size_t size = strlen(text);
	int fd = openat(directory, path, O_WRONLY | O_CLOEXEC | flags);
	int error = 0;

	if (fd < 0) {
		return -errno;
	}
	if (write(fd, text, size) != (ssize_t)size) {
		error = errno;
	}
	close(fd);
	return -error;
}

int ctrace_tracefs_write(int directory, const char *path, const char *text)
{
	return write_file(directory, path, text, O_TRUNC);
}

int ctrace_tracefs_write_more(int directory, const char *path, const char *text)
{
	return write_file(directory, path, text, 0);
}
