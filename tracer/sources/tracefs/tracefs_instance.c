/* SPDX-License-Identifier: MIT */
/* Instances and whose they are; see tracefs_instance.h. */

#include "tracer/sources/tracefs/tracefs_instance.h"

#include "tracer/sources/tracefs/tracefs_mount.h"
#include "tracer/src/directory/proc_stat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
};

static bool own_name(char *name, size_t size)
{
	struct ctrace_proc_stat self;

	if (!ctrace_proc_stat(getpid(), &self)) {
		return false;
	}
	snprintf(name, size, "ctrace-%d-%" PRIu64 "-%" PRIu64, (int)getpid(), self.start_time,
		 ctrace_pid_space());
	return true;
}

static bool parse(const char *name, struct owner *owner)
{
	int end = 0;

	return sscanf(name, "ctrace-%d-%" SCNu64 "-%" SCNu64 "%n", &owner->pid, &owner->start_time,
		      &owner->pid_namespace, &end) == 3 &&
	       name[end] == '\0';
}

static bool is_dead(const struct owner *owner)
{
	struct ctrace_proc_stat now;

	if (owner->pid_namespace != ctrace_pid_space() || owner->pid_namespace == 0) {
		return false;
	}
	return !ctrace_proc_stat(owner->pid, &now) || now.start_time != owner->start_time;
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

bool ctrace_tracefs_instance_make(struct ctrace_tracefs_instance *instance, int root,
				  struct ctrace_source_answer *answer)
{
	char path[128];

	*instance = (struct ctrace_tracefs_instance){.root = root, .directory = -1};
	if (!own_name(instance->name, sizeof(instance->name))) {
		ctrace_source_refuse(answer, "mount /proc", "/proc/self/stat cannot be read");
		return false;
	}
	snprintf(path, sizeof(path), "instances/%s", instance->name);
	if (mkdirat(root, path, 0700) != 0) {
		ctrace_source_refuse(answer, "a kernel with CONFIG_FTRACE",
				     "tracefs refuses an instance: %s", strerror(errno));
		instance->name[0] = '\0';
		return false;
	}
	instance->directory = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (instance->directory < 0) {
		ctrace_source_refuse(answer, "", "%s: %s", path, strerror(errno));
	}
	return instance->directory >= 0;
}

void ctrace_tracefs_instance_remove(struct ctrace_tracefs_instance *instance)
{
	int instances;

	if (instance->directory >= 0) {
		close(instance->directory);
	}
	if (instance->name[0] != '\0') {
		instances = openat(instance->root, "instances", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		remove_directory(instances, instance->name);
		close(instances);
	}
	if (instance->root >= 0) {
		close(instance->root);
	}
	*instance = (struct ctrace_tracefs_instance){.root = -1, .directory = -1};
}
