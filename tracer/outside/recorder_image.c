/* SPDX-License-Identifier: MIT */

/* Making and asking `recorder` files; see recorder_image.h. */

#include "tracer/outside/recorder_image.h"

#include "tracer/outside/image_file.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/directory/proc_stat.h"
#include "tracer/src/ring/ring_memory.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void path_of(char path[PATH_MAX], const char *directory)
{
	snprintf(path, PATH_MAX, "%s/recorder", directory);
}

static void fill(struct ctrace_recorder_image *image)
{
	struct ctrace_proc_stat stat;

	ctrace_proc_stat(getpid(), &stat);
	image->version = CTRACE_IMAGE_VERSION;
	image->pid = (uint32_t)getpid();
	image->start_time = stat.start_time;
	image->clock_kind = ctrace_clock_kind();
	image->pid_space = ctrace_pid_space();
	/* [I] release. */
	atomic_store_explicit(&image->magic, CTRACE_RECORDER_MAGIC, memory_order_release);
}

struct ctrace_recorder_image *ctrace_recorder_image_make(const char *directory)
{
	struct ctrace_recorder_image *image = MAP_FAILED;
	char path[PATH_MAX];
	int fd;

	path_of(path, directory);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		return NULL;
	}
	if (fallocate(fd, 0, 0, CTRACE_PAGE_BYTES) == 0) {
		image = mmap(NULL, CTRACE_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	close(fd);
	if (image == MAP_FAILED) {
		unlink(path);
		return NULL;
	}
	fill(image);
	return image;
}

pid_t ctrace_recorder_image_alive(const char *directory, bool *was_there)
{
	struct ctrace_image_file file = {0};
	const struct ctrace_recorder_image *image;
	struct ctrace_proc_stat stat;
	char path[PATH_MAX];
	pid_t pid = 0;

	path_of(path, directory);
	*was_there = ctrace_image_file_open(&file, path, false, CTRACE_PAGE_BYTES,
					    CTRACE_PAGE_BYTES, NULL) == CTRACE_OK;
	image = (const void *)file.bytes;
	/* [I] acquire: one that is only just being made is not there yet, and nobody's to sweep. */
	*was_there = *was_there &&
		     atomic_load_explicit(&image->magic, memory_order_acquire) ==
			     CTRACE_RECORDER_MAGIC &&
		     image->pid_space == ctrace_pid_space();
	if (*was_there && ctrace_proc_stat((pid_t)image->pid, &stat) &&
	    stat.start_time == image->start_time && stat.state != 'Z') {
		pid = (pid_t)image->pid;
	}
	ctrace_image_file_close(&file);
	return pid;
}

void ctrace_recorder_image_sleep(struct ctrace_recorder_image *image, uint32_t milliseconds)
{
	const struct timespec timeout = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
	uint32_t awake = CTRACE_BELL_AWAKE;

	/* [B] */
	if (atomic_compare_exchange_strong_explicit(&image->bell, &awake, CTRACE_BELL_ASLEEP,
						    memory_order_acq_rel, memory_order_acquire)) {
		syscall(SYS_futex, &image->bell, FUTEX_WAIT, CTRACE_BELL_ASLEEP, &timeout, NULL, 0);
	}
	/* [B] */
	atomic_exchange_explicit(&image->bell, CTRACE_BELL_AWAKE, memory_order_acq_rel);
}
