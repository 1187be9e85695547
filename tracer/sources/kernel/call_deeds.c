/* SPDX-License-Identifier: MIT */
/* Calls and descriptors by name; see call_deeds.h. */

#include "tracer/sources/kernel/call_deeds.h"

#include <stddef.h>
#include <string.h>

/* Names between blanks. */
static const struct {
	unsigned deeds;
	const char *names;
} lists[] = {
	{CTRACE_CALL_USES_0,
	 " read write pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 recvfrom "
	 "sendto "
	 "recvmsg sendmsg recvmmsg sendmmsg recv send getsockname getpeername setsockopt "
	 "getsockopt "
	 "shutdown fstat fstat64 fstatfs lseek _llseek fsync fdatasync ftruncate ftruncate64 ioctl "
	 "epoll_wait epoll_pwait epoll_pwait2 getdents getdents64 flock fallocate fadvise64 "
	 "sync_file_range readahead inotify_add_watch inotify_rm_watch timerfd_settime "
	 "timerfd_gettime fchmod fchown fchdir fgetxattr fsetxattr vmsplice tee "},
	{CTRACE_CALL_USES_0 | CTRACE_CALL_USES_1, " sendfile sendfile64 "},
	{CTRACE_CALL_USES_0 | CTRACE_CALL_USES_2, " epoll_ctl splice copy_file_range "},
	{CTRACE_CALL_USES_4, " mmap mmap2 "},
	{CTRACE_CALL_USES_0 | CTRACE_CALL_MAY_OPEN, " fcntl fcntl64 "},
	{CTRACE_CALL_USES_0 | CTRACE_CALL_OPENS, " dup accept accept4 "},
	{CTRACE_CALL_USES_0 | CTRACE_CALL_REPLACES_1, " dup2 dup3 "},
	{CTRACE_CALL_USES_0 | CTRACE_CALL_NAMES_0, " connect bind listen "},
	{CTRACE_CALL_OPENS,
	 " open openat openat2 creat socket epoll_create epoll_create1 eventfd eventfd2 "
	 "timerfd_create signalfd signalfd4 inotify_init inotify_init1 memfd_create "
	 "perf_event_open pidfd_open io_uring_setup userfaultfd open_by_handle_at "},
	{CTRACE_CALL_CLOSES, " close "},
	{CTRACE_CALL_YIELDS, " sched_yield "},
	{CTRACE_CALL_CLOSES | CTRACE_CALL_CLOSES_RANGE, " close_range "},
};

bool ctrace_call_is_in(const char *names, const char *name)
{
	size_t size = strlen(name);
	const char *at = names;

	while (size > 0 && (at = strstr(at, name)) != NULL) {
		if (at[-1] == ' ' && at[size] == ' ') {
			return true;
		}
		at += size;
	}
	return false;
}

unsigned ctrace_call_deeds(const char *name)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (ctrace_call_is_in(lists[i].names, name)) {
			return lists[i].deeds;
		}
	}
	return 0;
}
