/* SPDX-License-Identifier: MIT */
/* The loading thread; see loader.h. */

#include "viewer-server/serve/loader.h"

#include "viewer-server/serve/hello.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A bar that moves ten times a second looks smooth, and costs nothing. */
#define PROGRESS_PERIOD_MS 100

struct ctrace_loader {
	struct ctrace_loader_settings settings;
	pthread_t thread;
	atomic_bool is_ending;
	bool has_thread;
	uint64_t told_ms; /* the loader's thread only */
	struct ctrace_model *model;
	char *hello;
	pthread_mutex_t lock; /* for `view` */
	struct ctrace_loader_view view;
};

static uint64_t now_ms(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static bool progress(void *context, const char *stage, uint64_t done, uint64_t total)
{
	struct ctrace_loader *loader = context;
	uint64_t now = now_ms();
	pthread_mutex_lock(&loader->lock);
	bool is_new_stage = strcmp(loader->view.stage, stage) != 0;
	bool is_due = is_new_stage || now - loader->told_ms >= PROGRESS_PERIOD_MS;
	if (is_due) {
		loader->told_ms = now;
		loader->view.stage = stage;
		loader->view.done = done;
		loader->view.total = total;
		loader->view.version++;
	}
	pthread_mutex_unlock(&loader->lock);
	if (is_due) {
		loader->settings.changed(loader->settings.context);
	}
	return !atomic_load_explicit(&loader->is_ending, memory_order_relaxed);
}

static void finish_load(struct ctrace_loader *loader, const struct ctrace_error *error, size_t size)
{
	pthread_mutex_lock(&loader->lock);
	bool is_ready = loader->hello != NULL;
	loader->view.state = is_ready ? CTRACE_LOADER_READY : CTRACE_LOADER_FAILED;
	loader->view.version++;
	loader->view.error = *error;
	if (is_ready) {
		loader->view.model = loader->model;
		loader->view.hello = loader->hello;
		loader->view.hello_size = size;
	}
	pthread_mutex_unlock(&loader->lock);
	loader->settings.changed(loader->settings.context);
}

static void *run(void *argument)
{
	struct ctrace_loader *loader = argument;
	struct ctrace_error error = {.chunk = CTRACE_NO_CHUNK, .offset = CTRACE_NO_OFFSET};
	struct ctrace_model_settings settings = {
		.progress = progress,
		.context = loader,
		.max_memory = loader->settings.max_memory,
	};
	size_t size = 0;
	enum ctrace_status status =
		ctrace_model_create(&loader->model, loader->settings.trace, &settings, &error);
	if (status == CTRACE_OK) {
		loader->hello = ctrace_hello_make(loader->model, loader->settings.trace,
						  loader->settings.name, &size);
	}
	if (loader->hello == NULL) {
		ctrace_error_set(
			&error, status == CTRACE_OK ? CTRACE_ERR_NO_MEMORY : status,
			CTRACE_NO_OFFSET, CTRACE_NO_CHUNK, "cannot load the trace: %s",
			ctrace_status_name(status == CTRACE_OK ? CTRACE_ERR_NO_MEMORY : status));
	}
	finish_load(loader, &error, size);
	return NULL;
}

enum ctrace_status ctrace_loader_create(struct ctrace_loader **loader,
					const struct ctrace_loader_settings *settings,
					struct ctrace_error *error)
{
	struct ctrace_loader *made = calloc(1, sizeof(*made));
	*loader = NULL;
	if (made == NULL) {
		return ctrace_error_set(error, CTRACE_ERR_NO_MEMORY, CTRACE_NO_OFFSET,
					CTRACE_NO_CHUNK, "no memory for the server");
	}
	made->settings = *settings;
	made->view = (struct ctrace_loader_view){.stage = "reading", .version = 1, .total = 1};
	pthread_mutex_init(&made->lock, NULL);
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&made->thread, NULL, run, made);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed != 0) {
		free(made);
		return ctrace_error_set(error, CTRACE_ERR_IO, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
					"cannot start a thread: %s", strerror(failed));
	}
	made->has_thread = true;
	*loader = made;
	return CTRACE_OK;
}

void ctrace_loader_look(struct ctrace_loader *loader, struct ctrace_loader_view *view)
{
	pthread_mutex_lock(&loader->lock);
	*view = loader->view;
	pthread_mutex_unlock(&loader->lock);
}

void ctrace_loader_stop(struct ctrace_loader *loader)
{
	if (loader != NULL && loader->has_thread) {
		atomic_store_explicit(&loader->is_ending, true, memory_order_relaxed);
		pthread_join(loader->thread, NULL);
		loader->has_thread = false;
	}
}

void ctrace_loader_destroy(struct ctrace_loader *loader)
{
	if (loader == NULL) {
		return;
	}
	ctrace_loader_stop(loader);
	pthread_mutex_destroy(&loader->lock);
	ctrace_model_destroy(loader->model);
	free(loader->hello);
	free(loader);
}
