/* SPDX-License-Identifier: MIT */
/* Following processes; see record_follow.h. */

#include "cli/record_follow.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A trace has a limit of rows about itself. */
#define ENDED_ROWS_MAX 256u

struct ctrace_followed {
	struct ctrace_followed *next;
	struct ctrace_outside_process *process;
	int pidfd;	  /* -1: none to be had; /proc is asked instead */
	bool is_replaced; /* by exec: its process has made another folder since */
};

/* ---- found ---- */

static bool is_known(const struct ctrace_follow *follow, const char *folder)
{
	for (const struct ctrace_followed *at = follow->list; at != NULL; at = at->next) {
		if (strcmp(at->process->folder, folder) == 0) {
			return true;
		}
	}
	for (uint32_t i = 0; i < follow->refused_count; i++) {
		if (strcmp(follow->refused[i], folder) == 0) {
			return true;
		}
	}
	return false;
}

static void refuse(struct ctrace_follow *follow, const char *folder)
{
	char **more = realloc(follow->refused, (follow->refused_count + 1) * sizeof(char *));

	if (more != NULL) {
		follow->refused = more;
		more[follow->refused_count] = strdup(folder);
		follow->refused_count += more[follow->refused_count] != NULL;
	}
}

/* A descriptor of the process, if it is still the one that made the folder. */
static int open_pidfd(const struct ctrace_process_image *about)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)about->pid, 0);

	if (fd >= 0 && ctrace_process_image_life(about) == CTRACE_LIFE_DEAD) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The same process again: a new image runs in it. */
static void find_replaced(const struct ctrace_follow *follow,
			  const struct ctrace_process_image *newer)
{
	for (struct ctrace_followed *at = follow->list; at != NULL; at = at->next) {
		const struct ctrace_process_image *older = &at->process->about;

		if (older->pid == newer->pid && older->start_time == newer->start_time) {
			at->is_replaced = true;
		}
	}
}

static void follow_new(struct ctrace_follow *follow, const char *folder)
{
	struct ctrace_followed *made = calloc(1, sizeof(*made));
	bool is_refused;

	if (made == NULL) {
		return;
	}
	made->process = ctrace_outside_add(follow->outside, folder, &is_refused);
	if (made->process == NULL) {
		free(made);
		if (is_refused) {
			refuse(follow, folder);
		}
		return;
	}
	made->pidfd = open_pidfd(&made->process->about);
	find_replaced(follow, &made->process->about);
	made->next = follow->list;
	follow->list = made;
	follow->seen++;
}

static void find_new(struct ctrace_follow *follow)
{
	char folder[PATH_MAX];
	DIR *opened = opendir(follow->directory);

	for (const struct dirent *entry = opened != NULL ? readdir(opened) : NULL; entry != NULL;
	     entry = readdir(opened)) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
		    snprintf(folder, sizeof(folder), "%s/%s", follow->directory, entry->d_name) >=
			    (int)sizeof(folder)) {
			continue;
		}
		if (!is_known(follow, folder)) {
			follow_new(follow, folder);
		}
	}
	if (opened != NULL) {
		closedir(opened);
	}
}

/* ---- gone ---- */

static bool is_dead(const struct ctrace_followed *followed)
{
	struct pollfd about = {.fd = followed->pidfd, .events = POLLIN};

	if (followed->pidfd < 0) {
		return ctrace_process_image_life(&followed->process->about) == CTRACE_LIFE_DEAD;
	}
	return poll(&about, 1, 0) == 1;
}

/* A row of the trace for whoever did not end in good order. */
static void tell_end(struct ctrace_follow *follow, const struct ctrace_followed *gone)
{
	const struct ctrace_outside_process *process = gone->process;
	enum ctrace_life life = gone->is_replaced ? CTRACE_LIFE_REPLACED : CTRACE_LIFE_DEAD;
	const struct ctrace_process_image *image = (const void *)process->file.bytes;
	char key[32], text[96];

	if (atomic_load_explicit(&image->ended, memory_order_acquire) == CTRACE_ENDED_EXITED ||
	    follow->ended_rows == ENDED_ROWS_MAX) {
		return;
	}
	follow->ended_rows++;
	snprintf(key, sizeof(key), "ended %u", process->about.pid);
	ctrace_process_image_ended(image, life, text, sizeof(text));
	ctrace_writer_meta(&follow->outside->session->recording.writer, key, text, strlen(text));
}

static void forget(struct ctrace_follow *follow, struct ctrace_followed **link)
{
	struct ctrace_followed *gone = *link;
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", gone->process->folder);
	tell_end(follow, gone);
	ctrace_outside_remove(follow->outside, gone->process);
	ctrace_outside_delete(folder);
	if (gone->pidfd >= 0) {
		close(gone->pidfd);
	}
	*link = gone->next;
	free(gone);
}

uint64_t ctrace_follow_pass(struct ctrace_follow *follow)
{
	struct ctrace_followed **link = &follow->list;
	uint64_t count = 0;

	find_new(follow);
	follow->alive = 0;
	while (*link != NULL) {
		/* Before draining: what is there once it is dead, is all. */
		bool is_last = is_dead(*link);

		count += ctrace_outside_drain(follow->outside, (*link)->process, is_last);
		if (is_last) {
			forget(follow, link);
			continue;
		}
		follow->alive++;
		link = &(*link)->next;
	}
	follow->events += count;
	return count;
}

void ctrace_follow_finish(struct ctrace_follow *follow)
{
	while (follow->list != NULL) {
		struct ctrace_followed *next = follow->list->next;

		if (follow->list->pidfd >= 0) {
			close(follow->list->pidfd);
		}
		free(follow->list);
		follow->list = next;
	}
	for (uint32_t i = 0; i < follow->refused_count; i++) {
		free(follow->refused[i]);
	}
	free(follow->refused);
	follow->refused = NULL;
	follow->refused_count = 0;
}
