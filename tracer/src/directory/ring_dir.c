/* SPDX-License-Identifier: MIT */

/* A process's folder in a ring directory; see ring_dir.h. What its `process` file says is in
 * self_image.c. */

#include "tracer/src/directory/ring_dir.h"

#include "tracer/src/clock/clock.h"
#include "tracer/src/directory/proc_stat.h"
#include "tracer/src/directory/self_image.h"
#include "tracer/src/emit/thread.h"
#include "tracer/src/image.h"
#include "tracer/src/ring/ring_memory.h"
#include "tracer/src/sites/gate.h"
#include "tracer/src/sites/quiet.h"
#include "tracer/src/sites/site_log.h"
#include "tracer/src/sites/sites.h"
#include "tracer/src/small_text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* Room for "/4711-0123456789abcdef/sites-4096". */
#define NAMES_BYTES 64u
#define NAME_TRIES  8
/*
 * While another thread makes the folder: for at least five seconds, 100 µs from look to look. It
 * takes a fraction of a millisecond, but that thread may have to wait for a processor, and who
 * does not wait has no ring.
 */
#define WAIT_LOOKS 50000
#define WAIT_NS	   100000L
/* With the file system full, only each 256th thread that asks is let try. */
#define TRY_EACH 256u

enum making { NOT_MADE, BEING_MADE, MADE, NOT_POSSIBLE };

static char root[PATH_MAX];		 /* empty: there is no ring directory */
static char own[PATH_MAX + NAMES_BYTES]; /* this process's folder */
static _Atomic int making;
static struct ctrace_process_image *_Atomic image;
static _Atomic uint32_t ring_count, site_file_count;
static _Atomic uint32_t refused; /* files since the last one that could be made */
static struct ctrace_recorder_image *recorder;

/* ---- files ---- */

static int allocate(int fd, size_t bytes)
{
	int result;

	do {
		result = fallocate(fd, 0, 0, (off_t)bytes);
	} while (result != 0 && errno == EINTR);
	return result;
}

/* NAME, NAME-number, NAME-number-step: numbers of 0 are left out. */
static void put_name(char *at, const char *name, uint64_t number, unsigned step)
{
	char *end = ctrace_text_put(at, name);

	if (number > 0) {
		end = ctrace_text_number(ctrace_text_put(end, "-"), number);
	}
	if (step > 0) {
		ctrace_text_number(ctrace_text_put(end, "-"), step);
	}
}

/* A path is too large for the stack that a signal handler may have: only where a file goes. */
__attribute__((noinline)) static void remove_file(const char *name, uint64_t number, unsigned step)
{
	char path[sizeof(own) + NAMES_BYTES];

	put_name(ctrace_text_put(ctrace_text_put(path, own), "/"), name, number, step);
	unlink(path);
}

static int create_in_folder(const char *name, uint64_t number, unsigned step)
{
	int folder = open(own, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;
	char text[NAMES_BYTES];

	if (folder < 0) {
		return -1;
	}
	put_name(text, name, number, step);
	fd = openat(folder, text, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	close(folder);
	return fd;
}

/* A new file in our folder; its space is there, or it is not. */
static int make_file(const char *name, uint64_t number, unsigned step, size_t bytes)
{
	int fd;

	if (!ctrace_ring_memory_is_allowed(bytes)) {
		return -1;
	}
	fd = create_in_folder(name, number, step);
	if (fd >= 0 && allocate(fd, bytes) != 0) {
		close(fd);
		remove_file(name, number, step);
		return -1;
	}
	return fd;
}

static int make_sites_file(size_t bytes)
{
	uint32_t number = 1 + atomic_fetch_add_explicit(&site_file_count, 1, memory_order_relaxed);

	return make_file("sites", number, 0, bytes);
}

static void tell_site_files(unsigned unused)
{
	struct ctrace_process_image *mine = atomic_load_explicit(&image, memory_order_acquire);

	(void)unused;
	/* [I] release: the file before it is told. */
	atomic_store_explicit(&mine->site_files,
			      atomic_load_explicit(&site_file_count, memory_order_relaxed),
			      memory_order_release);
}

/* ---- the folder ---- */

static bool make_folder(void)
{
	uint64_t random;

	for (int i = 0; i < NAME_TRIES; i++) {
		char *end = ctrace_text_put(ctrace_text_put(own, root), "/");

		end = ctrace_text_put(ctrace_text_number(end, (uint64_t)getpid()), "-");
		if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random)) {
			random = ctrace_clock_ticks();
		}
		ctrace_text_hex(end, random);
		if (mkdir(own, 0700) == 0) {
			return true;
		}
		if (errno != EEXIST) {
			return false;
		}
	}
	return false;
}

static struct ctrace_process_image *map_image(void)
{
	int fd = make_file("process", 0, 0, sizeof(struct ctrace_process_image));
	struct ctrace_process_image *mapped = MAP_FAILED;

	if (fd >= 0) {
		mapped = mmap(NULL, sizeof(*mapped), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	return mapped != MAP_FAILED ? mapped : NULL;
}

/* All that is known by now. */
static bool fill_folder(void)
{
	struct ctrace_process_image *mine = map_image();

	if (mine == NULL) {
		return false;
	}
	ctrace_self_image_fill(mine);
	atomic_store_explicit(&image, mine, memory_order_release);
	if (!ctrace_site_log_begin(make_sites_file, tell_site_files) || !ctrace_sites_log_all()) {
		return false;
	}
	ctrace_orphans_move(&mine->orphans);
	/* [I] release: all of it before its mark. */
	atomic_store_explicit(&mine->magic, CTRACE_PROCESS_MAGIC, memory_order_release);
	return true;
}

static bool make_all(void)
{
	if (!make_folder()) {
		return false;
	}
	if (!fill_folder()) {
		/* Without its mark nobody reads it. */
		remove_file("process", 0, 0);
		remove_file("sites", 1, 0);
		rmdir(own);
		return false;
	}
	return true;
}

/* Another thread is at it: its folder is ours too. */
static bool wait_until_made(void)
{
	const struct timespec rest = {0, WAIT_NS};

	for (int i = 0; i < WAIT_LOOKS; i++) {
		/* [M] acquire. */
		int now = atomic_load_explicit(&making, memory_order_acquire);

		if (now != BEING_MADE) {
			return now == MADE;
		}
		nanosleep(&rest, NULL);
	}
	return false;
}

static bool need_folder(void)
{
	int expected = NOT_MADE;
	bool is_made;

	/* [M] acquire. */
	if (!atomic_compare_exchange_strong_explicit(&making, &expected, BEING_MADE,
						     memory_order_acq_rel, memory_order_acquire)) {
		return expected == MADE || (expected == BEING_MADE && wait_until_made());
	}
	is_made = make_all();
	/* [M] release. */
	atomic_store_explicit(&making, is_made ? MADE : NOT_POSSIBLE, memory_order_release);
	return is_made;
}

/* Who reads after a reboot, or elsewhere, has no clock to measure ours by. */
static void tell_frequency(struct ctrace_process_image *mine)
{
	if (atomic_load_explicit(&mine->ticks_per_second, memory_order_relaxed) == 0) {
		atomic_store_explicit(&mine->ticks_per_second, ctrace_clock_frequency_now(),
				      memory_order_relaxed);
	}
}

static void tell_ring_files(void)
{
	struct ctrace_process_image *mine = atomic_load_explicit(&image, memory_order_acquire);

	/* [I] release: the file before it is told. */
	atomic_store_explicit(&mine->rings, atomic_load_explicit(&ring_count, memory_order_relaxed),
			      memory_order_release);
	tell_frequency(mine);
}

/* Numbers of files that could not be made are used again if nobody took the next. */
static int make_new_ring_file(size_t bytes, uint32_t *number)
{
	uint32_t before;
	int fd = -1;

	if (!need_folder() ||
	    atomic_load_explicit(&refused, memory_order_relaxed) % TRY_EACH != 0) {
		atomic_fetch_add_explicit(&refused, 1, memory_order_relaxed);
		return -1;
	}
	before = atomic_fetch_add_explicit(&ring_count, 1, memory_order_relaxed);
	if (before < CTRACE_RING_FILES_MAX) {
		fd = make_file("ring", before + 1, 0, bytes);
	}
	if (fd < 0) {
		uint32_t taken = before + 1;

		atomic_compare_exchange_strong_explicit(&ring_count, &taken, before,
							memory_order_relaxed, memory_order_relaxed);
		atomic_fetch_add_explicit(&refused, 1, memory_order_relaxed);
		return -1;
	}
	atomic_store_explicit(&refused, 0, memory_order_relaxed);
	tell_ring_files();
	*number = before + 1;
	return fd;
}

/* The ring itself tells of the segments where it goes on. */
static int make_ring_file(size_t bytes, uint32_t *number, unsigned step)
{
	return *number == 0 ? make_new_ring_file(bytes, number)
			    : make_file("ring", *number, step, bytes);
}

static void remove_ring_file(uint32_t number, unsigned step)
{
	remove_file("ring", number, step);
}

static const struct ctrace_ring_files ring_files = {make_ring_file, remove_ring_file};

/* ---- from the environment ---- */

static int refuse(const char *directory, const char *why)
{
	fprintf(stderr, "ctrace: CTRACE_RING_DIR=%s: %s\n", directory, why);
	return -1;
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

	if (!is_made && errno != EEXIST) {
		return refuse(directory, strerror(errno));
	}
	if (realpath(directory, root) == NULL) {
		return refuse(directory, strerror(errno));
	}
	if (strlen(root) > PATH_MAX - NAMES_BYTES) {
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
	char path[PATH_MAX + NAMES_BYTES];
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

/* DIRECTORY/. is a recorder's own: gone with it, and not to be made anew. */
static bool is_gone(const char *directory)
{
	size_t size = strlen(directory);

	return size > 2 && strcmp(directory + size - 2, "/.") == 0 &&
	       access(directory, F_OK) != 0 && errno == ENOENT;
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
	if (!need_folder()) {
		refuse(directory, "no space for this process's files");
		root[0] = '\0';
		return;
	}
	ctrace_ring_memory_set_files(&ring_files);
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

/* ---- the end ---- */

static void note_end(enum ctrace_ended ended, int signal)
{
	struct ctrace_process_image *mine;

	ctrace_gate_notice_fork();
	mine = atomic_load_explicit(&image, memory_order_acquire);
	if (mine != NULL) {
		tell_frequency(mine);
		atomic_store_explicit(&mine->signal, (uint32_t)signal, memory_order_relaxed);
		atomic_store_explicit(&mine->ended, ended, memory_order_release);
	}
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
	static char path[sizeof(own) + NAMES_BYTES], half[sizeof(own) + NAMES_BYTES];
	int from = open("/proc/self/maps", O_RDONLY | O_CLOEXEC), to;

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

	if (atomic_load_explicit(&making, memory_order_acquire) == MADE && !is_left()) {
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
	note_end(CTRACE_ENDED_EXITED, 0);
}

void ctrace_ring_dir_note_crash(int signal)
{
	note_end(CTRACE_ENDED_CRASHED, signal);
}

void ctrace_ring_dir_fork_child(void)
{
	atomic_store_explicit(&image, NULL, memory_order_relaxed);
	atomic_store_explicit(&ring_count, 0, memory_order_relaxed);
	atomic_store_explicit(&site_file_count, 0, memory_order_relaxed);
	atomic_store_explicit(&refused, 0, memory_order_relaxed);
	atomic_store_explicit(&making, NOT_MADE, memory_order_relaxed);
}
