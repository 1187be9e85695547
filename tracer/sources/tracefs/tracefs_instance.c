/* SPDX-License-Identifier: MIT */
/* Instances and whose they are; see tracefs_instance.h. */

#include "tracer/sources/tracefs/tracefs_instance.h"

#include "tracer/sources/kernel/kept_files.h"
#include "tracer/sources/tracefs/tracefs_mount.h"
#include "tracer/src/directory/proc_stat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A reader of the instance's files that is just closing them: a moment later it is free. */
#define REMOVE_TRIES	100
#define REMOVE_PAUSE_US 2000

struct owner {
	int pid;
	uint64_t start_time, pid_namespace;
	unsigned number;
};

/* ---- numbers: a bit for each that this program has ---- */

#define NUMBERS 32u

static _Atomic uint32_t numbers;

/* NUMBERS: none is left. */
static unsigned take_number(void)
{
	for (unsigned number = 0; number < NUMBERS; number++) {
		uint32_t bit = UINT32_C(1) << number;

		if ((atomic_fetch_or_explicit(&numbers, bit, memory_order_relaxed) & bit) == 0) {
			return number;
		}
	}
	return NUMBERS;
}

static void give_number(unsigned number)
{
	atomic_fetch_and_explicit(&numbers, ~(UINT32_C(1) << number), memory_order_relaxed);
}

static bool has_number(unsigned number)
{
	return number < NUMBERS &&
	       (atomic_load_explicit(&numbers, memory_order_relaxed) >> number & 1) != 0;
}

/* ---- names ---- */

static bool own_name(char *name, size_t size, unsigned number)
{
	struct ctrace_proc_stat self;
	char end[16] = "";

	if (!ctrace_proc_stat(getpid(), &self)) {
		return false;
	}
	if (number > 0) {
		snprintf(end, sizeof(end), "-%u", number);
	}
	snprintf(name, size, "ctrace-%d-%" PRIu64 "-%" PRIu64 "%s", (int)getpid(), self.start_time,
		 ctrace_pid_space(), end);
	return true;
}

static bool parse(const char *name, struct owner *owner)
{
	int end = 0, more = 0;

	*owner = (struct owner){.number = 0};
	if (sscanf(name, "ctrace-%d-%" SCNu64 "-%" SCNu64 "%n", &owner->pid, &owner->start_time,
		   &owner->pid_namespace, &end) != 3) {
		return false;
	}
	if (sscanf(name + end, "-%u%n", &owner->number, &more) == 1) {
		end += more;
	}
	return name[end] == '\0';
}

static bool is_dead(const struct owner *owner)
{
	struct ctrace_proc_stat now;

	if (owner->pid_namespace != ctrace_pid_space() || owner->pid_namespace == 0) {
		return false;
	}
	if (!ctrace_proc_stat(owner->pid, &now) || now.start_time != owner->start_time) {
		return true;
	}
	/* Ours, of before an exec. */
	return owner->pid == getpid() && !has_number(owner->number);
}

static bool remove_directory(int instances, const char *name)
{
	for (int tries = 0; tries < REMOVE_TRIES; tries++) {
		if (unlinkat(instances, name, AT_REMOVEDIR) == 0) {
			return true;
		}
		if (errno != EBUSY) {
			return false;
		}
		usleep(REMOVE_PAUSE_US);
	}
	return false;
}

unsigned ctrace_tracefs_sweep(int root)
{
	int fd = openat(root, "instances", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *instances = fd >= 0 ? fdopendir(fd) : NULL;
	unsigned count = 0;

	for (const struct dirent *entry = instances != NULL ? readdir(instances) : NULL;
	     entry != NULL; entry = readdir(instances)) {
		struct owner owner;

		if (parse(entry->d_name, &owner) && is_dead(&owner)) {
			count += remove_directory(dirfd(instances), entry->d_name);
		}
	}
	if (instances != NULL) {
		closedir(instances);
	}
	return count;
}

static bool make_directory(struct ctrace_tracefs_instance *instance,
			   struct ctrace_source_answer *answer)
{
	char path[128];

	if (!own_name(instance->name, sizeof(instance->name), instance->number)) {
		ctrace_source_refuse(answer, "mount /proc", "/proc/self/stat cannot be read");
		return false;
	}
	snprintf(path, sizeof(path), "instances/%s", instance->name);
	if (mkdirat(instance->root, path, 0700) != 0) {
		ctrace_source_refuse(answer, "a kernel with CONFIG_FTRACE",
				     "tracefs refuses an instance: %s", strerror(errno));
		instance->name[0] = '\0';
		return false;
	}
	instance->directory = openat(instance->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (instance->directory < 0) {
		ctrace_source_refuse(answer, "", "%s: %s", path, strerror(errno));
		return false;
	}
	instance->kept_directory = ctrace_kept_add(instance->directory);
	if (instance->kept_directory == NULL) {
		ctrace_source_refuse(answer, "", "no memory");
	}
	return instance->kept_directory != NULL;
}

bool ctrace_tracefs_instance_make(struct ctrace_tracefs_instance *instance, int root,
				  struct ctrace_source_answer *answer)
{
	*instance = (struct ctrace_tracefs_instance){
		.root = root, .directory = -1, .number = take_number()};
	instance->kept_root = ctrace_kept_add(root);
	if (instance->kept_root == NULL || instance->number == NUMBERS) {
		ctrace_source_refuse(answer, "", "this process has %u instances already", NUMBERS);
		return false;
	}
	return make_directory(instance, answer);
}

bool ctrace_tracefs_instance_is_ours(const struct ctrace_tracefs_instance *instance)
{
	return instance->kept_root != NULL && instance->kept_directory != NULL &&
	       ctrace_kept_is_ours(instance->kept_root) &&
	       ctrace_kept_is_ours(instance->kept_directory);
}

/* By a root of its own, if the program has closed ours. */
static void remove_by_name(const struct ctrace_tracefs_instance *instance)
{
	struct ctrace_source_answer unused;
	bool is_ours = ctrace_kept_is_ours(instance->kept_root);
	int root = is_ours ? instance->root : ctrace_tracefs_open(&unused);
	int instances = openat(root, "instances", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	remove_directory(instances, instance->name);
	close(instances);
	if (!is_ours) {
		close(root);
	}
}

void ctrace_tracefs_instance_remove(struct ctrace_tracefs_instance *instance)
{
	ctrace_kept_close(instance->kept_directory);
	if (instance->name[0] != '\0') {
		remove_by_name(instance);
	}
	ctrace_kept_close(instance->kept_root);
	if (instance->number < NUMBERS) {
		give_number(instance->number);
	}
	*instance =
		(struct ctrace_tracefs_instance){.root = -1, .directory = -1, .number = NUMBERS};
}
