/* SPDX-License-Identifier: MIT */

/* This process's folder in a ring directory, and the files in it; see own_folder.h. What its
 * `process` file says is in self_image.c. */

#include "tracer/src/directory/own_folder.h"

#include "tracer/src/clock/clock.h"
#include "tracer/src/directory/self_image.h"
#include "tracer/src/emit/thread.h"
#include "tracer/src/sites/gate.h"
#include "tracer/src/sites/site_log.h"
#include "tracer/src/sites/sites.h"
#include "tracer/src/small_text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME_TRIES 8
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

static const char *root; /* borrowed */
static char own[PATH_MAX + CTRACE_FOLDER_NAME_BYTES];
static _Atomic int making;
static struct ctrace_process_image *_Atomic image;
static _Atomic uint32_t ring_count, site_file_count;
static _Atomic uint32_t refused; /* files since the last one that could be made */

void ctrace_own_folder_set_root(const char *directory)
{
	root = directory;
}

const char *ctrace_own_folder_path(void)
{
	return own;
}

bool ctrace_own_folder_is_made(void)
{
	/* [M] acquire. */
	return atomic_load_explicit(&making, memory_order_acquire) == MADE;
}

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
	char path[CTRACE_FOLDER_PATH_BYTES];

	put_name(ctrace_text_put(ctrace_text_put(path, own), "/"), name, number, step);
	unlink(path);
}

static int create_in_folder(const char *name, uint64_t number, unsigned step)
{
	int folder = open(own, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;
	char text[CTRACE_FOLDER_NAME_BYTES];

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

bool ctrace_own_folder_need(void)
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

	if (!ctrace_own_folder_need() ||
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

const struct ctrace_ring_files *ctrace_own_folder_ring_files(void)
{
	static const struct ctrace_ring_files files = {make_ring_file, remove_ring_file};

	return &files;
}

void ctrace_own_folder_note_end(enum ctrace_ended ended, int signal)
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

void ctrace_own_folder_fork_child(void)
{
	atomic_store_explicit(&image, NULL, memory_order_relaxed);
	atomic_store_explicit(&ring_count, 0, memory_order_relaxed);
	atomic_store_explicit(&site_file_count, 0, memory_order_relaxed);
	atomic_store_explicit(&refused, 0, memory_order_relaxed);
	atomic_store_explicit(&making, NOT_MADE, memory_order_relaxed);
}
