/* SPDX-License-Identifier: MIT */
/* Putting the preload library into the program; see preload_source.h. */

#include "tracer/sources/preload_source.h"

#include "tracer/sources/program_kind.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY	 "libctrace-preload.so"
#define NO_ORDER "verify_asan_link_order=0"

/* Where it is, seen from the folder of the ctrace program: installed, and in a build tree. */
static const char *const folders[] = {CTRACE_LIBRARIES_FROM_PROGRAMS, "../tracer/preload"};

static bool own_folder(char folder[PATH_MAX])
{
	ssize_t size = readlink("/proc/self/exe", folder, PATH_MAX - 1);
	char *slash;

	if (size <= 0) {
		return false;
	}
	folder[size] = '\0';
	slash = strrchr(folder, '/');
	if (slash == NULL) {
		return false;
	}
	*slash = '\0';
	return true;
}

static bool find_library(const char *name, char found[PATH_MAX])
{
	char own[PATH_MAX], path[3 * PATH_MAX];

	if (!own_folder(own)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		bool is_absolute = folders[i][0] == '/';

		snprintf(path, sizeof(path), "%s/%s/%s", is_absolute ? "" : own, folders[i], name);
		if (realpath(path, found) != NULL && access(found, R_OK) == 0) {
			return true;
		}
	}
	return false;
}

/* The loader takes both for the end of a name. */
static bool is_nameable(const char *path)
{
	return strpbrk(path, " :") == NULL;
}

static bool answer_with(const char *name, char path[PATH_MAX], struct ctrace_source_answer *answer)
{
	answer->is_available = true;
	if (!find_library(name, path)) {
		ctrace_source_refuse(answer, "install it with the program",
				     "%s is not beside ctrace", name);
	} else if (!is_nameable(path)) {
		ctrace_source_refuse(answer, "install ctrace elsewhere",
				     "its path holds a space or a colon, which LD_PRELOAD cannot");
	}
	return answer->is_available;
}

void ctrace_preload_probe_library(const char *name, struct ctrace_source_answer *answer)
{
	char path[PATH_MAX];

	answer_with(name, path, answer);
}

void ctrace_preload_probe(struct ctrace_source_answer *answer)
{
	ctrace_preload_probe_library(LIBRARY, answer);
}

/* What the program starts may have gcc's address sanitizer, which ends where it does not come
 * first: it is told not to mind. Our library does nothing there (recorder.h). */
static bool excuse_order(void)
{
	const char *before = getenv("ASAN_OPTIONS");
	size_t size = sizeof(NO_ORDER) + 1 + (before != NULL ? strlen(before) : 0);
	char *options;
	bool is_set;

	if (before != NULL && strstr(before, NO_ORDER) != NULL) {
		return true;
	}
	options = malloc(size);
	if (options == NULL) {
		return false;
	}
	snprintf(options, size, "%s%s" NO_ORDER, before != NULL ? before : "",
		 before != NULL && *before != '\0' ? ":" : "");
	is_set = setenv("ASAN_OPTIONS", options, 1) == 0;
	free(options);
	return is_set;
}

/* In front of what is there already. */
static bool set_preload(const char *path)
{
	const char *before = getenv("LD_PRELOAD");
	size_t size = strlen(path) + 2 + (before != NULL ? strlen(before) : 0);
	char *list = malloc(size);
	bool is_set;

	if (list == NULL) {
		return false;
	}
	snprintf(list, size, "%s%s%s", path, before != NULL && *before != '\0' ? ":" : "",
		 before != NULL ? before : "");
	is_set = setenv("LD_PRELOAD", list, 1) == 0;
	free(list);
	return is_set && excuse_order();
}

/* Has another source put it there already? */
static bool is_put(const char *path)
{
	const char *list = getenv("LD_PRELOAD");
	size_t size = strlen(path);

	return list != NULL && strncmp(list, path, size) == 0 &&
	       (list[size] == '\0' || list[size] == ':');
}

static bool may_put(const char *name, char path[PATH_MAX],
		    const struct ctrace_source_before *before, struct ctrace_source_answer *answer)
{
	if (!answer_with(name, path, answer)) {
		return false;
	}
	switch (ctrace_program_kind_of(before->program)) {
	case CTRACE_PROGRAM_SANITIZED:
		ctrace_source_refuse(answer, "build it without",
				     "the program has a sanitizer, which runs only if nothing is "
				     "preloaded");
		break;
	case CTRACE_PROGRAM_FOREIGN:
		ctrace_source_refuse(answer, "",
				     "the program is for another machine or C library than ctrace");
		break;
	default:
		break;
	}
	return answer->is_available;
}

bool ctrace_preload_put_library(const char *name, const struct ctrace_source_before *before,
				struct ctrace_source_answer *answer)
{
	char path[PATH_MAX];

	if (may_put(name, path, before, answer) && !is_put(path) && !set_preload(path)) {
		ctrace_source_refuse(answer, "", "%s", strerror(ENOMEM));
	}
	return answer->is_available;
}

/* Locks and collectors are the matter of lock_source.h and gc_source.h, which come last and say so
 * if they are wanted: once, before any of them does. */
static bool switch_all_off(void)
{
	static bool are_off;

	if (!are_off) {
		are_off =
			setenv("CTRACE_LOCKS", "off", 1) == 0 && setenv("CTRACE_GC", "off", 1) == 0;
	}
	return are_off;
}

bool ctrace_preload_put(const struct ctrace_source_before *before, const char *calls,
			struct ctrace_source_answer *answer)
{
	char path[PATH_MAX];

	if (!may_put(LIBRARY, path, before, answer)) {
		return false;
	}
	if (!switch_all_off()) {
		ctrace_source_refuse(answer, "", "%s", strerror(ENOMEM));
		return false;
	}
	if (is_put(path) && calls == NULL) {
		return true;
	}
	if (setenv("CTRACE_CALLS", calls != NULL ? calls : "none", 1) != 0 || !set_preload(path)) {
		ctrace_source_refuse(answer, "", "%s", strerror(ENOMEM));
	}
	return answer->is_available;
}

static bool prepare(const struct ctrace_source_before *before, struct ctrace_source_answer *answer)
{
	bool has_calls = (before->given & CTRACE_GIVES_CALLS) != 0;

	return ctrace_preload_put(before, has_calls ? "library" : "all", answer);
}

const struct ctrace_source ctrace_source_preload = {
	.name = "preload",
	.about = "calls of libc that may wait, as the program makes them; not of static programs",
	.costs = "6 to 30 ns a call",
	/* Of libraries too; but for those alone nothing is put into a program unasked. */
	.gives = CTRACE_GIVES_CALLS,
	.probe = ctrace_preload_probe,
	.prepare = prepare,
};
