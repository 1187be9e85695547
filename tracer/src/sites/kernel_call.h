/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_CALL_H
#define CTRACE_KERNEL_CALL_H

/*
 * A system call that nobody sees: no function of libc, which a preloaded library might
 * record as the program's own call, and no errno. For the recorder's slow paths, which
 * signal handlers may interrupt and jump away from.
 *
 * Returns what the kernel does: a failure is -errno.
 * Thread: any.  Signal handler: yes.  Blocks: as the call does.  Allocates: no.
 */

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) && defined(__LP64__)

static inline long ctrace_kernel_call(long number, long a, long b, long c, long d)
{
	register long fourth __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
			 : "rcx", "r11", "memory");
	return result;
}

#elif defined(__aarch64__)

static inline long ctrace_kernel_call(long number, long a, long b, long c, long d)
{
	register long result __asm__("x0") = a;
	register long second __asm__("x1") = b;
	register long third __asm__("x2") = c;
	register long fourth __asm__("x3") = d;
	register long which __asm__("x8") = number;

	__asm__ volatile("svc 0"
			 : "+r"(result)
			 : "r"(second), "r"(third), "r"(fourth), "r"(which)
			 : "memory");
	return result;
}

#else

static inline long ctrace_kernel_call(long number, long a, long b, long c, long d)
{
	int saved = errno;
	long result = syscall(number, a, b, c, d);

	result = result == -1 ? -errno : result;
	errno = saved;
	return result;
}

#endif

#endif
