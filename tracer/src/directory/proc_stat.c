/* SPDX-License-Identifier: MIT */

/* Reading /proc/PID/stat; see proc_stat.h. */

#include "tracer/src/directory/proc_stat.h"

#include "tracer/src/small_text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Fields as proc(5) numbers them. */
#define FIELD_STATE	  3u
#define FIELD_START_TIME  22u
#define FIELD_STACK_START 28u

static uint64_t number_at(const char *at)
{
	uint64_t number = 0;

	for (; *at >= '0' && *at <= '9'; at++) {
		number = number * 10 + (uint64_t)(*at - '0');
	}
	return number;
}

/* The name in field 2 may hold anything, so count from its last parenthesis. */
static void read_fields(const char *text, struct ctrace_proc_stat *stat)
{
	const char *at = strrchr(text, ')');

	for (unsigned field = FIELD_STATE; at != NULL; field++) {
		at = strchr(at, ' ');
		if (at == NULL) {
			return;
		}
		at++;
		if (field == FIELD_STATE) {
			stat->state = *at;
		} else if (field == FIELD_START_TIME) {
			stat->start_time = number_at(at);
		} else if (field == FIELD_STACK_START) {
			stat->stack_start = number_at(at);
			return;
		}
	}
}

bool ctrace_proc_stat(pid_t pid, struct ctrace_proc_stat *stat)
{
	char path[48], text[1024];
	char *end = ctrace_text_put(path, "/proc/");
	ssize_t got;
	int fd;

	*stat = (struct ctrace_proc_stat){.state = '?'};
	end = ctrace_text_number(end, (uint64_t)pid);
	ctrace_text_put(end, "/stat");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return false;
	}
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	read_fields(text, stat);
	return stat->start_time != 0;
}

uint64_t ctrace_pid_space(void)
{
	struct stat about;
	int saved = errno;
	bool is_known = stat("/proc/self/ns/pid", &about) == 0;

	errno = saved;
	return is_known ? about.st_ino : 0;
}
