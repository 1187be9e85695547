/* SPDX-License-Identifier: MIT */
/* /proc/PID/task/TID/children; see child_search.h. */

#include "tracer/sources/resident/child_search.h"

#include "tracer/sources/kernel/proc_text.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So many children of one thread are found. */
#define TEXT_BYTES 16384u

bool ctrace_child_search_is_there(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	return access(path, R_OK) == 0;
}

static void take(const char *text, void (*found)(void *context, uint32_t child), void *context)
{
	char *end;

	for (unsigned long pid = strtoul(text, &end, 10); pid != 0; pid = strtoul(text, &end, 10)) {
		/* A last one that is cut is found next time. */
		if (*end != ' ') {
			return;
		}
		found(context, (uint32_t)pid);
		text = end;
	}
}

void ctrace_child_search(uint32_t pid, void (*found)(void *context, uint32_t child), void *context)
{
	char path[NAME_MAX + 16], text[TEXT_BYTES];
	unsigned threads = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	tasks = opendir(path);
	for (struct dirent *entry = tasks != NULL ? readdir(tasks) : NULL;
	     entry != NULL && threads < CTRACE_SEARCH_THREADS_MAX; entry = readdir(tasks)) {
		if (!isdigit((unsigned char)entry->d_name[0])) {
			continue;
		}
		threads++;
		snprintf(path, sizeof(path), "%s/children", entry->d_name);
		if (ctrace_proc_text_at(dirfd(tasks), path, text, sizeof(text)) > 0) {
			take(text, found, context);
		}
	}
	if (tasks != NULL) {
		closedir(tasks);
	}
}
