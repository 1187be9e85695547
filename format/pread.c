/* SPDX-License-Identifier: MIT */
/* pread until it is done. */

#include "format/pread.h"

#include <errno.h>
#include <unistd.h>

int64_t ctrace_pread_all(int fd, void *bytes, size_t size, uint64_t offset)
{
	size_t done = 0;

	if (offset > INT64_MAX - size) {
		return 0;
	}
	while (done < size) {
		ssize_t got = pread(fd, (char *)bytes + done, size - done, (off_t)(offset + done));
		if (got == 0) {
			break;
		}
		if (got < 0 && errno != EINTR) {
			return -1;
		}
		if (got > 0) {
			done += (size_t)got;
		}
	}
	return (int64_t)done;
}
