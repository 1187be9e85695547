/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_LOADER_H
#define CTRACE_SERVE_LOADER_H

/*
 * Builds the model of an open trace in a thread of its own, so that the page
 * is served, with progress, from the first moment.
 *
 *     ctrace_loader_create(&loader, &settings, &error)
 *       ctrace_loader_look(loader, &view)      at any time, from any thread
 *     ctrace_loader_stop(loader), ctrace_loader_destroy(loader)
 */

#include "viewer-server/model/model.h"

#include <stddef.h>

struct ctrace_loader;

struct ctrace_loader_settings {
	struct ctrace_trace *trace;	/* borrows until destroy */
	const char *name;		/* of the trace, for hello; borrows until destroy */
	uint64_t max_memory;		/* 0: the model's default */
	void (*changed)(void *context); /* on the loader's thread: look again */
	void *context;
};

enum ctrace_loader_state { CTRACE_LOADER_WORKS, CTRACE_LOADER_READY, CTRACE_LOADER_FAILED };

struct ctrace_loader_view {
	enum ctrace_loader_state state;
	uint64_t version; /* another number: something changed */
	const char *stage;
	uint64_t done, total;
	/* When ready; borrowed until destroy. */
	const struct ctrace_model *model;
	const char *hello;
	size_t hello_size;
	/* When failed. */
	struct ctrace_error error;
};

enum ctrace_status ctrace_loader_create(struct ctrace_loader **loader,
					const struct ctrace_loader_settings *settings,
					struct ctrace_error *error);
void ctrace_loader_look(struct ctrace_loader *loader, struct ctrace_loader_view *view);
/* Cancels what is under way and ends the thread; the view stays. NULL is fine. */
void ctrace_loader_stop(struct ctrace_loader *loader);
void ctrace_loader_destroy(struct ctrace_loader *loader); /* NULL is fine */

#endif
