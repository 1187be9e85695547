/* SPDX-License-Identifier: MIT */

/* Where a thread stands; see thread_look.h. */

#include "tracer/sources/asleep/thread_look.h"

#include "format/kernel_events.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/kernel/proc_text.h"
#include "tracer/src/clock/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PROC_TEXT_BYTES 512u
/* Mappings of a process are read again after so long, if a place in it is not known. */
#define ASK_AGAIN_NS 100000000u
/* A program of 32 bits has its stack below. */
#define WIDE_FROM (UINT64_C(1) << 32)

/* A thread that is looked at. */
struct look {
	struct ctrace_thread_looker *looker;
	uint32_t pid;
	int folder;    /* /proc/PID/task/TID */
	int schedstat; /* in it; -1: there is none */
	long call;     /* that it is in; -1: in none */
	uint64_t runs;
	uint64_t stack_pointer, instruction;
};

bool ctrace_thread_looker_init(struct ctrace_thread_looker *looker,
			       struct ctrace_source_trace *trace)
{
	*looker = (struct ctrace_thread_looker){.trace = trace,
						.copy = malloc(CTRACE_LOOK_DEEP_BYTES)};
	return looker->copy != NULL;
}

void ctrace_thread_looker_finish(struct ctrace_thread_looker *looker)
{
	free(looker->copy);
	looker->copy = NULL;
}

/* ---- what the kernel says ---- */

static enum ctrace_look_result refused(struct ctrace_thread_looker *looker, int error)
{
	if (error == ENOENT || error == ESRCH) {
		return CTRACE_LOOK_GONE;
	}
	looker->error = error;
	return CTRACE_LOOK_REFUSED;
}

/* One read: these files are given whole. -errno. */
static ssize_t read_text(int fd, char text[PROC_TEXT_BYTES])
{
	ssize_t got = pread(fd, text, PROC_TEXT_BYTES - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	return got < 0 ? -errno : got;
}

static ssize_t read_file(const struct look *look, const char *name, char text[PROC_TEXT_BYTES])
{
	int fd = openat(look->folder, name, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0) {
		return -errno;
	}
	got = read_text(fd, text);
	close(fd);
	return got;
}

/* "12345 678 90": the third is how often it got a CPU. */
static uint64_t read_runs(int schedstat)
{
	char text[PROC_TEXT_BYTES];
	const char *last;

	if (schedstat < 0 || read_text(schedstat, text) <= 0) {
		return 0;
	}
	last = strrchr(text, ' ');
	return last != NULL ? strtoull(last, NULL, 10) : 0;
}

uint64_t ctrace_thread_runs(uint32_t pid, uint32_t tid)
{
	char path[64];
	uint64_t runs;
	int fd;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task/%" PRIu32 "/schedstat", pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	runs = read_runs(fd);
	if (fd >= 0) {
		close(fd);
	}
	return runs;
}

/* The last two words: "35 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffc8d23da78 0x7f1fb04cd2ad"; without a call
 * "-1 0x7ffc8d23da78 0x7f1fb04cd2ad". */
static enum ctrace_look_result read_registers(struct look *look)
{
	char text[PROC_TEXT_BYTES], *last, *before;
	ssize_t size = read_file(look, "syscall", text);

	if (size < 0) {
		return refused(look->looker, (int)-size);
	}
	last = strrchr(text, ' ');
	if (last == NULL) {
		return size == 0 ? CTRACE_LOOK_GONE : CTRACE_LOOK_RUNNING; /* "running" */
	}
	*last = '\0';
	before = strrchr(text, ' ');
	look->call = strtol(text, NULL, 10);
	look->instruction = strtoull(last + 1, NULL, 16);
	look->stack_pointer = before != NULL ? strtoull(before + 1, NULL, 16) : 0;
	return look->stack_pointer == 0 ? CTRACE_LOOK_GONE : CTRACE_LOOK_ASLEEP;
}

/* Has it not run since it was looked at first? */
static bool is_still(struct look *look)
{
	struct look again = *look;

	if (look->runs != 0) {
		return read_runs(look->schedstat) == look->runs;
	}
	return read_registers(&again) == CTRACE_LOOK_ASLEEP &&
	       again.stack_pointer == look->stack_pointer && again.instruction == look->instruction;
}

/* Calls that sleep so that a signal ends it, as far as nearly all sleeps go: a file less to read.
 */
static bool is_interruptible(long call)
{
	static const long calls[] = {SYS_futex,	   SYS_epoll_wait,	SYS_epoll_pwait, SYS_poll,
				     SYS_ppoll,	   SYS_clock_nanosleep, SYS_nanosleep,	 SYS_select,
				     SYS_pselect6, SYS_wait4,		SYS_waitid,	 SYS_accept,
				     SYS_accept4,  SYS_rt_sigtimedwait};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i] == call) {
			return true;
		}
	}
	return false;
}

/* Else what stands for its state in /proc/PID/stat, behind the name. */
static enum ctrace_run_state state_of(const struct look *look)
{
	char text[PROC_TEXT_BYTES];
	const char *at;

	if (is_interruptible(look->call) || read_file(look, "stat", text) <= 0) {
		return CTRACE_RUN_SLEEPING;
	}
	at = strrchr(text, ')');
	switch (at != NULL && at[1] == ' ' ? at[2] : 'S') {
	case 'D':
		return CTRACE_RUN_UNINTERRUPTIBLE;
	case 'T':
		return CTRACE_RUN_STOPPED;
	case 't':
		return CTRACE_RUN_TRACED;
	default:
		return CTRACE_RUN_SLEEPING;
	}
}

/* ---- its memory ---- */

/* A program that records itself may be in a sandbox that kills it for process_vm_readv. */
static ssize_t read_own_memory(uint64_t address, void *bytes, size_t size)
{
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? pread(fd, bytes, size, (off_t)address) : -1;

	got = got < 0 ? -errno : got;
	if (fd >= 0) {
		close(fd);
	}
	return got;
}

static ssize_t read_foreign_memory(uint32_t pid, uint64_t address, void *bytes, size_t size)
{
	struct iovec to = {.iov_base = bytes, .iov_len = size};
	struct iovec from = {.iov_base = (void *)(uintptr_t)address, /* NOLINT: not ours */
			     .iov_len = size};
	ssize_t got = process_vm_readv((pid_t)pid, &to, 1, &from, 1, 0);

	return got < 0 ? -errno : got;
}

/* The bytes that are there, at most `size`; -errno. */
static ssize_t read_memory(uint32_t pid, uint64_t address, void *bytes, size_t size)
{
	return pid == (uint32_t)getpid() ? read_own_memory(address, bytes, size)
					 : read_foreign_memory(pid, address, bytes, size);
}

static bool read_code(void *context, uint64_t address, void *bytes, size_t size)
{
	const struct look *look = context;

	return read_memory(look->pid, address, bytes, size) == (ssize_t)size;
}

/* To the end of what is mapped there: a piece that reaches beyond is given up to its last page. */
static ssize_t copy_stack(const struct look *look, size_t size)
{
	return read_memory(look->pid, look->stack_pointer, look->looker->copy, size);
}

/* ---- its stack ---- */

static struct ctrace_code_places *places_for(const struct look *look)
{
	struct ctrace_code_places *places = ctrace_code_places_need(look->looker->trace);

	if (places != NULL) {
		ctrace_code_places_ask(places, look->pid, look->instruction,
				       (uint32_t)(ctrace_clock_raw_ns() / ASK_AGAIN_NS));
	}
	return places;
}

/* 0: not known. `is_cut`, NULL where there is no more: a longer copy may say more. */
static uint32_t stack_of(struct look *look, size_t size, bool *is_cut)
{
	const struct ctrace_code_reader code = {.read = read_code, .context = look};
	struct ctrace_unwind_asleep asleep = {
		.pid = look->pid,
		.instruction = look->instruction,
		.stack_pointer = look->stack_pointer,
		.stack = look->looker->copy,
		.stack_size = size,
		.code = &code,
	};
	struct ctrace_place list[CTRACE_STACK_FRAMES_MAX];
	struct ctrace_code_places *places = places_for(look);
	uint32_t count;

	if (places == NULL || look->stack_pointer < WIDE_FROM) {
		return 0;
	}
	count = ctrace_unwind_asleep(&places->unwind, &asleep, list);
	if (is_cut != NULL && asleep.is_cut) {
		*is_cut = true;
		return 0;
	}
	return ctrace_stacks_get(&places->stacks, list, count);
}

static enum ctrace_look_result look_at_stack(struct look *look, size_t size,
					     struct ctrace_seen_thread *seen, bool *is_cut)
{
	ssize_t copied = copy_stack(look, size);
	bool is_all = copied < (ssize_t)size || size == CTRACE_LOOK_DEEP_BYTES;

	if (copied < 0 && copied != -EFAULT) {
		return refused(look->looker, (int)-copied);
	}
	seen->ticks = ctrace_clock_ticks();
	if (!is_still(look)) {
		return CTRACE_LOOK_MISSED;
	}
	seen->stack = copied > 0 ? stack_of(look, (size_t)copied, is_all ? NULL : is_cut) : 0;
	return CTRACE_LOOK_ASLEEP;
}

static enum ctrace_look_result look_at(struct look *look, struct ctrace_seen_thread *seen)
{
	enum ctrace_look_result result;
	bool is_cut = false;

	look->runs = read_runs(look->schedstat);
	result = read_registers(look);
	seen->ticks = ctrace_clock_ticks();
	if (result != CTRACE_LOOK_ASLEEP) {
		return result;
	}
	seen->runs = look->runs;
	seen->state = state_of(look);
	result = look_at_stack(look, CTRACE_LOOK_BYTES, seen, &is_cut);
	if (result == CTRACE_LOOK_ASLEEP && is_cut) {
		result = look_at_stack(look, CTRACE_LOOK_DEEP_BYTES, seen, &is_cut);
	}
	return result;
}

enum ctrace_look_result ctrace_thread_look(struct ctrace_thread_looker *looker, uint32_t pid,
					   uint32_t tid, struct ctrace_seen_thread *seen)
{
	struct look look = {.looker = looker, .pid = pid};
	enum ctrace_look_result result;
	char path[64];

	*seen = (struct ctrace_seen_thread){.state = CTRACE_RUN_YIELDED};
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task/%" PRIu32, pid, tid);
	look.folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (look.folder < 0) {
		return refused(looker, errno);
	}
	look.schedstat = openat(look.folder, "schedstat", O_RDONLY | O_CLOEXEC);
	result = look_at(&look, seen);
	if (look.schedstat >= 0) {
		close(look.schedstat);
	}
	close(look.folder);
	return result;
}

/* ---- telling ---- */

/* With the name it has now. */
static void need_row(struct ctrace_source_trace *trace, uint32_t pid, uint32_t tid)
{
	char path[64], name[CTRACE_COMM_BYTES + 1];
	struct ctrace_kernel_thread *thread = ctrace_kernel_threads_ours(trace, tid);

	if (thread == NULL || thread->comm[0] != '\0') {
		return;
	}
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task/%" PRIu32 "/comm", pid, tid);
	if (ctrace_proc_text(path, name, sizeof(name)) > 0) {
		name[strcspn(name, "\n")] = '\0';
		ctrace_kernel_threads_comm(trace, thread, name);
	}
}

void ctrace_thread_look_tell(struct ctrace_kernel_stream *stream, uint32_t pid, uint32_t tid,
			     const struct ctrace_seen_thread *seen)
{
	const struct ctrace_thread_stack event = {
		.tid = tid, .state = seen->state, .stack = seen->stack};
	uint64_t ticks = seen->ticks;
	struct ctrace_block *block;

	need_row(stream->trace, pid, tid);
	block = ctrace_kernel_stream_room(stream, &ticks, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_thread_stack(block, ticks, &event);
}

/* ---- may we? ---- */

static int yama_scope(void)
{
	char text[16];

	return ctrace_proc_text("/proc/sys/kernel/yama/ptrace_scope", text, sizeof(text)) > 0
		       ? atoi(text)
		       : 0;
}

void ctrace_thread_look_refuse(int error, struct ctrace_source_answer *answer)
{
	if (yama_scope() >= 2) {
		ctrace_source_refuse(answer, "sysctl kernel.yama.ptrace_scope=1, or run as root",
				     "kernel.yama.ptrace_scope is %d", yama_scope());
		return;
	}
	ctrace_source_refuse(answer, "", "where a thread stands may not be seen here: %s",
			     strerror(error));
}

int ctrace_thread_look_try(uint32_t pid)
{
	char path[64], text[PROC_TEXT_BYTES];
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/syscall", pid);
	size = ctrace_proc_text(path, text, sizeof(text));
	return size < 0 ? (int)-size : 0;
}

void ctrace_thread_look_probe(struct ctrace_source_answer *answer)
{
	char text[PROC_TEXT_BYTES];
	uint8_t byte, other;
	ssize_t size = ctrace_proc_text("/proc/self/syscall", text, sizeof(text));

	answer->is_available = true;
	if (CTRACE_UNWIND_STACK_BYTES == 0) {
		ctrace_source_refuse(answer, "", "stacks are unwound on x86-64 only");
	} else if (size < 0) {
		ctrace_source_refuse(answer, "", "/proc/self/syscall: %s", strerror((int)-size));
	} else if (yama_scope() >= 2 && geteuid() != 0) {
		ctrace_thread_look_refuse(EPERM, answer);
	} else if (read_memory((uint32_t)getpid(), (uint64_t)(uintptr_t)&byte, &other, 1) != 1) {
		ctrace_source_refuse(answer, "", "memory cannot be read: %s", strerror(errno));
	}
}
