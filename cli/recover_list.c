/* SPDX-License-Identifier: MIT */
/* Finding what processes left; see recover_list.h. */

#include "cli/recover_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than a trace can name. */
#define FOLDERS_MAX 65536u

static struct ctrace_left *new_item(struct ctrace_left_list *list)
{
	struct ctrace_left *more;

	if (list->count == FOLDERS_MAX) {
		return NULL;
	}
	more = realloc(list->items, (list->count + 1) * sizeof(*more));
	if (more == NULL) {
		return NULL;
	}
	list->items = more;
	return &list->items[list->count];
}

static void add_folder(struct ctrace_left_list *list, const char *folder)
{
	struct ctrace_left *item = new_item(list);
	struct ctrace_error error = {.status = CTRACE_OK};
	struct ctrace_image_file file;
	char path[PATH_MAX + 16], line[PATH_MAX + 512];
	enum ctrace_status status;

	if (item == NULL) {
		return;
	}
	snprintf(item->folder, sizeof(item->folder), "%s", folder);
	status = ctrace_process_image_open(&item->about, &file, folder, false, &error);
	if (status == CTRACE_OK) {
		ctrace_image_file_close(&file);
		item->life = ctrace_process_image_life(&item->about);
		ctrace_process_image_ended(&item->about, item->life, item->ended,
					   sizeof(item->ended));
		list->count++;
	} else if (status != CTRACE_ERR_NOT_FOUND) {
		snprintf(path, sizeof(path), "%s/process", folder);
		ctrace_error_line(&error, path, line, sizeof(line));
		fprintf(stderr, "%s\n", line);
		list->complaints++;
	}
}

static int by_making(const void *a, const void *b)
{
	uint64_t first = ((const struct ctrace_left *)a)->about.made;
	uint64_t second = ((const struct ctrace_left *)b)->about.made;

	return (first > second) - (first < second);
}

/* A later image of the same process says what became of an earlier one. */
static void find_replaced(struct ctrace_left_list *list)
{
	for (uint32_t i = 0; i + 1 < list->count; i++) {
		struct ctrace_left *item = &list->items[i];

		for (uint32_t j = i + 1; j < list->count; j++) {
			const struct ctrace_process_image *later = &list->items[j].about;

			if (later->pid == item->about.pid &&
			    later->start_time == item->about.start_time) {
				item->life = CTRACE_LIFE_REPLACED;
				ctrace_process_image_ended(&item->about, item->life, item->ended,
							   sizeof(item->ended));
				break;
			}
		}
	}
}

static void add_all(struct ctrace_left_list *list, DIR *directory, const char *name)
{
	char folder[PATH_MAX];

	for (const struct dirent *entry = readdir(directory); entry != NULL;
	     entry = readdir(directory)) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9') {
			continue;
		}
		if (snprintf(folder, sizeof(folder), "%s/%s", name, entry->d_name) <
		    (int)sizeof(folder)) {
			add_folder(list, folder);
		}
	}
}

bool ctrace_left_list_read(struct ctrace_left_list *list, const char *directory)
{
	DIR *opened = opendir(directory);

	*list = (struct ctrace_left_list){0};
	if (opened == NULL) {
		fprintf(stderr, "%s: %s\n", directory, strerror(errno));
		return false;
	}
	add_folder(list, directory);
	if (list->count == 0 && list->complaints == 0) {
		add_all(list, opened, directory);
	}
	closedir(opened);
	if (list->count > 0) {
		qsort(list->items, list->count, sizeof(list->items[0]), by_making);
	}
	find_replaced(list);
	return true;
}

void ctrace_left_list_finish(struct ctrace_left_list *list)
{
	free(list->items);
	list->items = NULL;
}
