/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_TYPES_BPF_H
#define CTRACE_KERNEL_TYPES_BPF_H

/*
 * The few of the kernel's types that watch.bpf.c looks into. Where their fields are is
 * asked of the running kernel when the programs are loaded (CO-RE), so only names and
 * types count here, and no kernel's headers are needed. A name behind three
 * underscores is for the same struct in other kernels.
 */

#if defined(__bpf__)
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif

struct thread_info {
	unsigned int status; /* x86 */
	unsigned long flags;
	unsigned int cpu; /* since 5.16 */
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state; /* since 5.14 */
	int exit_state;
	int prio;
	int pid, tgid;
	char comm[16];
};

struct task_struct___5_13 {
	long state;
};

struct task_struct___5_15 {
	unsigned int cpu;
};

struct linux_binprm {
	const char *filename;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r10, r9, r8, cx, dx, si, di, orig_ax, bx, bp;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	unsigned long long regs[31];
	unsigned long long orig_x0;
	int syscallno;
};
#endif

#if defined(__bpf__)
#pragma clang attribute pop
#endif

#endif
