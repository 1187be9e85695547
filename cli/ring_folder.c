/* SPDX-License-Identifier: MIT */
/* Making and sweeping a recorder's directory; see ring_folder.h. */

#include "cli/ring_folder.h"

#include "tracer/outside/outside.h"
#include "tracer/outside/recorder_image.h"
#include "tracer/src/small_text.h"

#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PREFIX "ctrace-record-"
/* More lines would hide the others. */
#define NAMED_MAX 3

static bool is_tmpfs(const char *path)
{
	struct statfs about;

	return path != NULL && path[0] == '/' && strlen(path) < PATH_MAX / 2 &&
	       statfs(path, &about) == 0 && about.f_type == TMPFS_MAGIC && access(path, W_OK) == 0;
}

static const char *find_base(void)
{
	const char *own = getenv("XDG_RUNTIME_DIR");

	if (is_tmpfs("/dev/shm")) {
		return "/dev/shm";
	}
	return is_tmpfs(own) ? own : NULL;
}

/* ---- what was left by others ---- */

/* Removes folders of processes; true if the directory is gone then. */
static bool remove_if_empty(const char *path)
{
	char recorder[PATH_MAX + 16];
	DIR *opened = opendir(path);
	unsigned others = 0;

	for (const struct dirent *entry = opened != NULL ? readdir(opened) : NULL; entry != NULL;
	     entry = readdir(opened)) {
		others += entry->d_name[0] != '.' && strcmp(entry->d_name, "recorder") != 0;
	}
	if (opened != NULL) {
		closedir(opened);
	}
	if (others > 0) {
		return false;
	}
	snprintf(recorder, sizeof(recorder), "%s/recorder", path);
	unlink(recorder);
	return rmdir(path) == 0;
}

/* Ours, and of a recorder that is gone. */
static bool is_stale(const char *path)
{
	struct stat about;
	bool was_there;

	return lstat(path, &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid == geteuid() &&
	       ctrace_recorder_image_alive(path, &was_there) == 0 && was_there;
}

static void sweep(const char *base, bool is_quiet)
{
	char path[PATH_MAX];
	DIR *opened = opendir(base);
	int named = 0;

	for (const struct dirent *entry = opened != NULL ? readdir(opened) : NULL; entry != NULL;
	     entry = readdir(opened)) {
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0 ||
		    snprintf(path, sizeof(path), "%s/%s", base, entry->d_name) >=
			    (int)sizeof(path) ||
		    !is_stale(path) || remove_if_empty(path)) {
			continue;
		}
		if (!is_quiet && named++ < NAMED_MAX) {
			fprintf(stderr,
				"ctrace: %s: left by a recorder that was killed; `ctrace recover "
				"--delete %s` makes a trace of it\n",
				path, path);
		}
	}
	if (opened != NULL) {
		closedir(opened);
	}
}

/* ---- ours ---- */

static bool make_directory(struct ctrace_ring_folder *folder, const char *base)
{
	uint64_t random = 0;
	char *end;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		return false;
	}
	end = ctrace_text_put(ctrace_text_put(folder->path, base), "/" PREFIX);
	end = ctrace_text_put(ctrace_text_number(end, (uint64_t)getpid()), "-");
	ctrace_text_hex(end, random);
	return mkdir(folder->path, 0700) == 0;
}

bool ctrace_ring_folder_make(struct ctrace_ring_folder *folder, bool is_quiet)
{
	const char *base = find_base();

	*folder = (struct ctrace_ring_folder){.recorder = NULL};
	if (base == NULL) {
		fprintf(stderr, "ctrace record: neither /dev/shm nor $XDG_RUNTIME_DIR is a tmpfs "
				"to write to; rings need one\n");
		return false;
	}
	sweep(base, is_quiet);
	if (!make_directory(folder, base)) {
		fprintf(stderr, "ctrace record: %s: %s\n", folder->path, strerror(errno));
		folder->path[0] = '\0';
		return false;
	}
	folder->recorder = ctrace_recorder_image_make(folder->path);
	if (folder->recorder == NULL) {
		fprintf(stderr, "ctrace record: %s: %s\n", folder->path, strerror(errno));
		rmdir(folder->path);
		folder->path[0] = '\0';
	}
	return folder->recorder != NULL;
}

void ctrace_ring_folder_remove(struct ctrace_ring_folder *folder)
{
	char path[PATH_MAX];
	DIR *opened = folder->path[0] != '\0' ? opendir(folder->path) : NULL;

	for (const struct dirent *entry = opened != NULL ? readdir(opened) : NULL; entry != NULL;
	     entry = readdir(opened)) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    snprintf(path, sizeof(path), "%s/%s", folder->path, entry->d_name) <
			    (int)sizeof(path)) {
			ctrace_outside_delete(path);
		}
	}
	if (opened != NULL) {
		closedir(opened);
		remove_if_empty(folder->path);
	}
	folder->path[0] = '\0';
}
