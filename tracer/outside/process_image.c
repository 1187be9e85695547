/* SPDX-License-Identifier: MIT */

/* Checking `process` files; see process_image.h. */

#include "tracer/outside/process_image.h"

#include "format/kinds.h"
#include "tracer/src/collect/stream.h"
#include "tracer/src/directory/proc_stat.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* A thousand times the fastest counter there is. */
#define FREQUENCY_MAX UINT64_C(1000000000000)
#define SIGNAL_MAX    64u

#define OFFSET(field) offsetof(struct ctrace_process_image, field)

static enum ctrace_status over(struct ctrace_error *error, size_t offset, const char *what,
			       uint64_t is, uint64_t limit)
{
	return ctrace_error_set(error, CTRACE_ERR_LIMIT, offset, CTRACE_NO_CHUNK,
				"%s is %llu, over the limit of %llu", what, (unsigned long long)is,
				(unsigned long long)limit);
}

static enum ctrace_status check_numbers(const struct ctrace_process_image *about,
					struct ctrace_error *error)
{
	uint64_t frequency = atomic_load_explicit(&about->ticks_per_second, memory_order_relaxed);

	if (about->pid == 0 || about->pid > INT_MAX) {
		return over(error, OFFSET(pid), "the pid", about->pid, INT_MAX);
	}
	if (about->clock_kind < CTRACE_CLOCK_TSC || about->clock_kind > CTRACE_CLOCK_ARTIFICIAL) {
		return over(error, OFFSET(clock_kind), "the kind of clock", about->clock_kind,
			    CTRACE_CLOCK_ARTIFICIAL);
	}
	if (about->made > CTRACE_STILL_TICKS_MAX) {
		return over(error, OFFSET(made), "the time of its making", about->made,
			    CTRACE_STILL_TICKS_MAX);
	}
	if (frequency > FREQUENCY_MAX) {
		return over(error, OFFSET(ticks_per_second), "ticks a second", frequency,
			    FREQUENCY_MAX);
	}
	if (about->program_bytes > sizeof(about->program)) {
		return over(error, OFFSET(program_bytes), "the program's length",
			    about->program_bytes, sizeof(about->program));
	}
	if (about->command_bytes > sizeof(about->command)) {
		return over(error, OFFSET(command_bytes), "the command's length",
			    about->command_bytes, sizeof(about->command));
	}
	return CTRACE_OK;
}

static void end_texts(struct ctrace_process_image *about)
{
	about->name[sizeof(about->name) - 1] = '\0';
	about->host[sizeof(about->host) - 1] = '\0';
	about->kernel[sizeof(about->kernel) - 1] = '\0';
	about->boot_id[sizeof(about->boot_id) - 1] = '\0';
	about->recorder[sizeof(about->recorder) - 1] = '\0';
}

enum ctrace_status ctrace_process_image_check(struct ctrace_process_image *about,
					      const uint8_t *bytes, size_t size,
					      struct ctrace_error *error)
{
	const struct ctrace_process_image *image = (const void *)bytes;

	if (size != sizeof(*image)) {
		return over(error, size, "the file's size", size, sizeof(*image));
	}
	/* [I] acquire. */
	if (atomic_load_explicit(&image->magic, memory_order_acquire) != CTRACE_PROCESS_MAGIC) {
		return CTRACE_ERR_NOT_FOUND;
	}
	memcpy((void *)about, bytes, sizeof(*about));
	if (about->version != CTRACE_IMAGE_VERSION || about->bytes != sizeof(*about)) {
		return ctrace_error_set(error, CTRACE_ERR_VERSION, OFFSET(version), CTRACE_NO_CHUNK,
					"layout %u of %u bytes, this ctrace knows layout %u of %zu",
					about->version, about->bytes, CTRACE_IMAGE_VERSION,
					sizeof(*about));
	}
	end_texts(about);
	return check_numbers(about, error);
}

enum ctrace_status ctrace_process_image_open(struct ctrace_process_image *about,
					     struct ctrace_image_file *file, const char *folder,
					     bool is_shared, struct ctrace_error *error)
{
	char path[PATH_MAX];
	enum ctrace_status status;

	snprintf(path, sizeof(path), "%s/process", folder);
	status = ctrace_image_file_open(file, path, is_shared, sizeof(*about), sizeof(*about),
					error);
	if (status != CTRACE_OK) {
		return status;
	}
	status = ctrace_process_image_check(about, file->bytes, file->size, error);
	if (status != CTRACE_OK) {
		ctrace_image_file_close(file);
	}
	return status;
}

/* The first thread may be gone while others run; it is then a zombie with company. */
static bool has_other_threads(pid_t pid)
{
	char path[48];
	unsigned count = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	for (const struct dirent *entry = tasks != NULL ? readdir(tasks) : NULL; entry != NULL;
	     entry = readdir(tasks)) {
		count += entry->d_name[0] != '.';
	}
	if (tasks != NULL) {
		closedir(tasks);
	}
	return count > 1;
}

enum ctrace_life ctrace_process_image_life(const struct ctrace_process_image *about)
{
	struct ctrace_proc_stat stat;

	if (!ctrace_proc_stat((pid_t)about->pid, &stat) || stat.start_time != about->start_time) {
		return CTRACE_LIFE_DEAD;
	}
	if ((stat.state == 'Z' || stat.state == 'X') && !has_other_threads((pid_t)about->pid)) {
		return CTRACE_LIFE_DEAD;
	}
	if (stat.stack_start != 0 && about->stack_start != 0 &&
	    stat.stack_start != about->stack_start) {
		return CTRACE_LIFE_REPLACED;
	}
	return CTRACE_LIFE_ALIVE;
}

static void crashed(uint32_t signal, char *text, size_t size)
{
	const char *name = signal <= SIGNAL_MAX ? sigabbrev_np((int)signal) : NULL;

	if (name != NULL) {
		snprintf(text, size, "crashed with signal %u (SIG%s)", signal, name);
	} else {
		snprintf(text, size, "crashed with signal %u", signal);
	}
}

void ctrace_process_image_ended(const struct ctrace_process_image *about, enum ctrace_life life,
				char *text, size_t size)
{
	switch (atomic_load_explicit(&about->ended, memory_order_relaxed)) {
	case CTRACE_ENDED_EXITED:
		snprintf(text, size, "exited");
		return;
	case CTRACE_ENDED_CRASHED:
		crashed(atomic_load_explicit(&about->signal, memory_order_relaxed), text, size);
		return;
	default:
		break;
	}
	if (life == CTRACE_LIFE_ALIVE) {
		snprintf(text, size, "still running");
	} else if (life == CTRACE_LIFE_REPLACED) {
		snprintf(text, size, "replaced by exec");
	} else {
		snprintf(text, size, "killed, lost, or by _exit: it left no word");
	}
}
