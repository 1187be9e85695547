/* SPDX-License-Identifier: MIT */
/* Calls that are given texts; see call_texts.h. */

#include "tracer/sources/kernel/call_texts.h"

#include "tracer/sources/kernel/call_deeds.h"

#include <stddef.h>

#define ADDRESS(argument) (1u << (argument) << CTRACE_CALL_ADDRESS_SHIFT)

/* Names between blanks. */
static const struct {
	unsigned texts;
	const char *names;
} lists[] = {
	{1u << 0,
	 " open creat stat lstat stat64 lstat64 access truncate truncate64 chdir mkdir rmdir "
	 "unlink "
	 "readlink chmod chown chown32 lchown lchown32 mknod utime utimes statfs statfs64 chroot "
	 "acct swapon swapoff umount umount2 uselib execve memfd_create listxattr llistxattr "
	 "mq_open mq_unlink "},
	{1u << 0 | 1u << 1,
	 " rename link symlink mount pivot_root getxattr lgetxattr setxattr lsetxattr removexattr "
	 "lremovexattr "},
	{1u << 1,
	 " openat openat2 newfstatat fstatat64 statx mkdirat mknodat unlinkat fchownat fchmodat "
	 "fchmodat2 faccessat faccessat2 readlinkat utimensat utimensat_time64 futimesat execveat "
	 "name_to_handle_at inotify_add_watch open_tree quotactl fgetxattr fsetxattr "
	 "fremovexattr "},
	{1u << 1 | 1u << 3, " renameat renameat2 linkat move_mount "},
	{1u << 0 | 1u << 2, " symlinkat "},
	{1u << 4, " fanotify_mark "},
	{ADDRESS(1), " connect bind "},
	{ADDRESS(4), " sendto "},
};

unsigned ctrace_call_texts(const char *name)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (ctrace_call_is_in(lists[i].names, name)) {
			return lists[i].texts;
		}
	}
	return 0;
}
