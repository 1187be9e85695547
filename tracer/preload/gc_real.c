/* SPDX-License-Identifier: MIT */

/* Finding libgc; see gc_real.h. */

#include "tracer/preload/gc_real.h"

#include "tracer/preload/call_table.h"
#include "tracer/preload/gc_hooks.h"

#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>

#define NAME_OF_LIBRARY "libgc.so"
/* What says that a place has it, and that it is no older than 7.6. */
#define FIRST_SYMBOL "GC_set_on_collection_event"

struct ctrace_gc_real ctrace_gc_real;

static atomic_bool is_found;

bool ctrace_gc_real_is_found(void)
{
	return atomic_load_explicit(&is_found, memory_order_acquire); /* [G] */
}

/* Twice at a time does no harm: the same is stored. */
static void take_from(void *place)
{
	static const struct {
		const char *name;
		size_t at;
	} functions[] = {
#define FUNCTION(member) {"GC_" #member, offsetof(struct ctrace_gc_real, member)}
		FUNCTION(init),
		FUNCTION(gcollect),
		FUNCTION(try_to_collect),
		FUNCTION(call_with_alloc_lock),
		FUNCTION(set_on_collection_event),
		FUNCTION(get_on_collection_event),
		FUNCTION(set_on_thread_event),
		FUNCTION(get_on_thread_event),
		FUNCTION(set_on_heap_resize),
		FUNCTION(get_on_heap_resize),
		FUNCTION(get_heap_size),
		FUNCTION(get_free_bytes),
		FUNCTION(get_unmapped_bytes),
#undef FUNCTION
	};

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *found = dlsym(place, functions[i].name);

		memcpy((char *)&ctrace_gc_real + functions[i].at, &found, sizeof(found));
	}
	atomic_store_explicit(&is_found, true, memory_order_release); /* [G] */
}

/* What is called once must stay: a reference to its file, never given back. */
static void hold_file_of(void *function)
{
	Dl_info file;

	if (dladdr(function, &file) != 0 && file.dli_fname != NULL) {
		ctrace_real.dlopen(file.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
	}
}

static bool take_if_there(void *place)
{
	void *found = dlsym(place, FIRST_SYMBOL);

	if (found == NULL || ctrace_gc_is_own(found)) {
		return false;
	}
	hold_file_of(found);
	take_from(place);
	return true;
}

/* ---- what is loaded ---- */

/* An object's path; empty: it is not there. */
struct loaded {
	char path[PATH_MAX];
};

static int look_at(struct dl_phdr_info *object, size_t unused, void *context)
{
	struct loaded *loaded = context;
	const char *path = object->dlpi_name != NULL ? object->dlpi_name : "";
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	(void)unused;
	if (strncmp(name, NAME_OF_LIBRARY, sizeof(NAME_OF_LIBRARY) - 1) != 0 ||
	    strlen(path) >= sizeof(loaded->path)) {
		return 0;
	}
	strcpy(loaded->path, path);
	return 1;
}

static bool take_what_is_loaded(void)
{
	struct loaded loaded = {.path = ""};
	void *handle = NULL;

	if (dl_iterate_phdr(look_at, &loaded) != 0) {
		handle = ctrace_real.dlopen(loaded.path, RTLD_LAZY | RTLD_NOLOAD);
	}
	return handle != NULL && take_if_there(handle);
}

bool ctrace_gc_real_find(void *handle)
{
	int saved = errno;

	if (ctrace_gc_real_is_found()) {
		return true;
	}
	ctrace_real_need();
	if (!take_if_there(RTLD_NEXT) && !take_what_is_loaded() && handle != NULL) {
		take_if_there(handle);
	}
	/* Where nothing was found, nobody asks what was wrong. */
	dlerror();
	errno = saved;
	return ctrace_gc_real_is_found();
}

bool ctrace_gc_real_find_for(const void *caller)
{
	int saved = errno;
	void *handle = NULL;
	Dl_info file;

	if (ctrace_gc_real_find(NULL)) {
		return true;
	}
	if (dladdr(caller, &file) != 0 && file.dli_fname != NULL) {
		handle = ctrace_real.dlopen(file.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
	}
	if (handle != NULL) {
		ctrace_gc_real_find(handle);
		dlclose(handle); /* of libgc itself a reference is kept */
	}
	dlerror();
	errno = saved;
	return ctrace_gc_real_is_found();
}

/* The loader's count is as before. */
static void *find_in_file_of(const void *caller, const char *name)
{
	void *found = NULL, *handle = NULL;
	Dl_info file;

	if (dladdr(caller, &file) != 0 && file.dli_fname != NULL) {
		handle = ctrace_real.dlopen(file.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
	}
	if (handle != NULL) {
		found = dlsym(handle, name);
		dlclose(handle);
	}
	return found;
}

void *ctrace_gc_real_other(const char *name, const void *own, const void *caller)
{
	int saved = errno;
	void *found;

	ctrace_real_need();
	found = dlsym(RTLD_NEXT, name);
	if (found == NULL) {
		found = find_in_file_of(caller, name);
	}
	dlerror();
	errno = saved;
	return found != own ? found : NULL;
}
