/* SPDX-License-Identifier: MIT */

/* Which ring directory, who drains it, and what is mapped; see ring_dir.h. The process's folder in
 * it is own_folder.c's. */

#include "tracer/src/directory/ring_dir.h"

#include "tracer/src/directory/own_folder.h"
#include "tracer/src/directory/proc_stat.h"
#include "tracer/src/image.h"
#include "tracer/src/ring/ring_memory.h"
#include "tracer/src/sites/gate.h"
#include "tracer/src/sites/quiet.h"
#include "tracer/src/sites/sites.h"
#include "tracer/src/small_text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static char root[PATH_MAX]; /* empty: there is no ring directory */
static struct ctrace_recorder_image *recorder;

/* ---- from the environment ---- */

static int refuse(const char *directory, const char *why)
{
	fprintf(stderr, "ctrace: CTRACE_RING_DIR=%s: %s\n", directory, why);
	return -1;
}

/* DIRECTORY/. is a recorder's own: gone with it, and not to be made anew. */
static bool is_of_recorder(const char *directory)
{
	size_t size = strlen(directory);

	return size > 2 && strcmp(directory + size - 2, "/.") == 0;
}

/* A program in a sandbox has not asked for anything: it goes unrecorded, and nothing is said on its
 * stderr. */
static int refuse_by(const char *directory, int error, const char *why)
{
	bool is_sandbox = error == ENOSYS || error == EPERM || error == EACCES;

	return is_sandbox && is_of_recorder(directory) ? -1 : refuse(directory, why);
}

/* Where nobody else can put something under our names. */
static int check_owner(const char *directory)
{
	struct stat status;

	if (stat(root, &status) != 0 || !S_ISDIR(status.st_mode)) {
		return refuse(directory, "not a directory");
	}
	if ((status.st_uid != geteuid() && status.st_uid != 0) ||
	    ((status.st_mode & 022) != 0 && (status.st_mode & S_ISVTX) == 0)) {
		return refuse(directory, "others may change it; mode 0700 is safe");
	}
	return 0;
}

static int check_file_system(const char *directory)
{
	struct statfs system;

	if (statfs(root, &system) != 0) {
		return refuse(directory, strerror(errno));
	}
	if (system.f_type != TMPFS_MAGIC) {
		return refuse(directory,
			      "not on a tmpfs: on a disk writeback would make every event "
			      "slow; use a directory in /dev/shm");
	}
	return 0;
}

static int open_directory(const char *directory)
{
	bool is_made = mkdir(directory, 0700) == 0;

	if ((!is_made && errno != EEXIST) || realpath(directory, root) == NULL) {
		return refuse_by(directory, errno, strerror(errno));
	}
	if (strlen(root) > PATH_MAX - CTRACE_FOLDER_NAME_BYTES) {
		return refuse(directory, "too long a name");
	}
	if (check_owner(directory) != 0 || check_file_system(directory) != 0) {
		if (is_made) {
			rmdir(root);
		}
		return -1;
	}
	return 0;
}

static bool is_recorder_alive(const struct ctrace_recorder_image *found)
{
	struct ctrace_proc_stat stat;

	/* [I] acquire. */
	return atomic_load_explicit(&found->magic, memory_order_acquire) == CTRACE_RECORDER_MAGIC &&
	       found->version == CTRACE_IMAGE_VERSION &&
	       ctrace_proc_stat((pid_t)found->pid, &stat) && stat.start_time == found->start_time;
}

/* Who drains, if anybody does. */
static void find_recorder(void)
{
	char path[PATH_MAX + CTRACE_FOLDER_NAME_BYTES];
	struct ctrace_recorder_image *found = MAP_FAILED;
	struct stat status;
	int fd;

	ctrace_text_put(ctrace_text_put(path, root), "/recorder");
	fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		return;
	}
	if (fstat(fd, &status) == 0 && status.st_size == CTRACE_PAGE_BYTES) {
		found = mmap(NULL, CTRACE_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	close(fd);
	if (found != MAP_FAILED && is_recorder_alive(found)) {
		recorder = found;
	} else if (found != MAP_FAILED) {
		munmap(found, CTRACE_PAGE_BYTES);
	}
}

/* Nobody drains any more: our sites go off, and we have no ring directory. */
static void stop(void)
{
	if (ctrace_sites_try_want_no_more()) {
		ctrace_gate_record_no_more();
		ctrace_ring_memory_set_files(NULL);
	}
}

static bool is_gone(const char *directory)
{
	return is_of_recorder(directory) && access(directory, F_OK) != 0 && errno == ENOENT;
}

void ctrace_ring_dir_use(const char *directory, const char *categories)
{
	if (is_gone(directory) || open_directory(directory) != 0) {
		root[0] = '\0';
		return;
	}
	find_recorder();
	if (recorder != NULL && atomic_load_explicit(&recorder->is_over, memory_order_acquire)) {
		return;
	}
	ctrace_own_folder_set_root(root);
	if (!ctrace_own_folder_need()) {
		refuse_by(directory, errno, "no space for this process's files");
		root[0] = '\0';
		return;
	}
	ctrace_ring_memory_set_files(ctrace_own_folder_ring_files());
	if (recorder != NULL) {
		ctrace_gate_stop_when(&recorder->is_over, stop);
	}
	ctrace_gate_record_always(recorder != NULL ? &recorder->bell : NULL);
	ctrace_sites_want_always(categories != NULL ? categories : "");
}

bool ctrace_ring_dir_is_used(void)
{
	return root[0] != '\0';
}

bool ctrace_ring_dir_is_drained_outside(void)
{
	return recorder != NULL && ctrace_sites_are_always_wanted();
}

/* ---- what is mapped ---- */

static bool are_maps_told;

/* False: there is no room for it. */
static bool copy_maps(int from, int to)
{
	char text[2048];
	size_t bytes = 0;
	ssize_t got;

	while ((got = read(from, text, sizeof(text))) > 0) {
		bytes += (size_t)got;
		/* A file past the process's limit would bring a signal. */
		if (bytes > CTRACE_MAPS_BYTES_MAX || !ctrace_ring_memory_is_allowed(bytes)) {
			break;
		}
		if (write(to, text, (size_t)got) != got) {
			return false;
		}
	}
	return true;
}

/* By the thread that loads us or that ends the process: not twice at a time. */
static void write_maps(void)
{
	static char path[CTRACE_FOLDER_PATH_BYTES], half[CTRACE_FOLDER_PATH_BYTES];
	int from = open("/proc/self/maps", O_RDONLY | O_CLOEXEC), to;
	const char *own = ctrace_own_folder_path();

	ctrace_text_put(ctrace_text_put(ctrace_text_put(path, own), "/"), CTRACE_MAPS_FILE);
	ctrace_text_put(ctrace_text_put(ctrace_text_put(half, own), "/"), CTRACE_MAPS_FILE_NEW);
	to = from >= 0 ? open(half, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)
		       : -1;
	if (to >= 0) {
		bool is_whole = copy_maps(from, to);

		close(to);
		/* Where memory is full, what was told before stays. */
		(void)(is_whole ? rename(half, path) : unlink(half));
	}
	if (from >= 0) {
		close(from);
	}
}

/* Does nobody read it any more? */
static bool is_left(void)
{
	return recorder != NULL &&
	       atomic_load_explicit(&recorder->is_over, memory_order_acquire) != 0;
}

void ctrace_ring_dir_tell_maps(void)
{
	int saved = errno;

	if (ctrace_own_folder_is_made() && !is_left()) {
		are_maps_told = true;
		ctrace_quiet_begin();
		write_maps();
		ctrace_quiet_end();
	}
	errno = saved;
}

void ctrace_ring_dir_end(void)
{
	if (are_maps_told) {
		ctrace_ring_dir_tell_maps();
	}
	ctrace_own_folder_note_end(CTRACE_ENDED_EXITED, 0);
}

void ctrace_ring_dir_note_crash(int signal)
{
	ctrace_own_folder_note_end(CTRACE_ENDED_CRASHED, signal);
}

void ctrace_ring_dir_fork_child(void)
{
	ctrace_own_folder_fork_child();
}
