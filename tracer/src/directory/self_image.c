/* SPDX-License-Identifier: MIT */

/* Filling a `process` file; see self_image.h. */

#include "tracer/src/directory/self_image.h"

#include "tracer/src/clock/clock.h"
#include "tracer/src/directory/proc_stat.h"
#include "tracer/src/small_text.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

static size_t read_into(char *text, size_t size, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, text, size) : 0;

	if (fd >= 0) {
		close(fd);
	}
	return got > 0 ? (size_t)got : 0;
}

/* One line without its end. */
static void read_line(char *text, size_t size, const char *path)
{
	size_t got = read_into(text, size - 1, path);

	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static void fill_system(struct ctrace_process_image *image)
{
	struct utsname system;
	char *at = image->kernel;

	if (uname(&system) != 0) {
		return;
	}
	_Static_assert(sizeof(image->host) >= sizeof(system.nodename), "the name fits");
	ctrace_text_put(image->host, system.nodename);
	_Static_assert(sizeof(image->kernel) >= 3 * sizeof(system.release), "three fields fit");
	at = ctrace_text_put(ctrace_text_put(at, system.sysname), " ");
	at = ctrace_text_put(ctrace_text_put(at, system.release), " ");
	ctrace_text_put(at, system.machine);
}

static void fill_program(struct ctrace_process_image *image)
{
	ssize_t size = readlink("/proc/self/exe", image->program, sizeof(image->program));
	size_t command = read_into(image->command, sizeof(image->command), "/proc/self/cmdline");

	image->program_bytes = size > 0 ? (uint32_t)size : 0;
	/* The last argument's own NUL goes. */
	image->command_bytes = command > 0 ? (uint32_t)command - 1 : 0;
	read_line(image->name, sizeof(image->name), "/proc/self/comm");
}

void ctrace_self_image_fill(struct ctrace_process_image *image)
{
	struct ctrace_proc_stat stat;

	image->version = CTRACE_IMAGE_VERSION;
	image->bytes = sizeof(*image);
	image->pid = (uint32_t)getpid();
	image->parent_pid = (uint32_t)getppid();
	ctrace_proc_stat(getpid(), &stat);
	image->start_time = stat.start_time;
	image->stack_start = stat.stack_start;
	image->clock_kind = ctrace_clock_kind();
	ctrace_clock_snapshot(&image->clock);
	image->made = image->clock.ticks;
	atomic_store_explicit(&image->ticks_per_second, ctrace_clock_frequency_now(),
			      memory_order_relaxed);
	if (getrandom(image->session, sizeof(image->session), GRND_NONBLOCK) < 0) {
		memcpy(image->session, &image->made, sizeof(image->made));
	}
	_Static_assert(sizeof(image->recorder) >= sizeof("libctrace " CTRACE_VERSION), "it fits");
	ctrace_text_put(image->recorder, "libctrace " CTRACE_VERSION);
	read_line(image->boot_id, sizeof(image->boot_id), "/proc/sys/kernel/random/boot_id");
	fill_system(image);
	fill_program(image);
}
