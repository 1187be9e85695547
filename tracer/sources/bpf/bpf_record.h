/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BPF_RECORD_H
#define CTRACE_BPF_RECORD_H

/*
 * What the programs in the kernel (watch.bpf.c) hand to the recorder: records in a
 * ring for each CPU. Both sides are compiled with this header, so there is no format
 * to agree on beyond it; all numbers are the machine's.
 */

#include <linux/types.h>

enum ctrace_bpf_kind {
	CTRACE_BPF_CALL, /* the most frequent first */
	CTRACE_BPF_ENTER,
	CTRACE_BPF_LEAVE,
	CTRACE_BPF_SWITCH,
	CTRACE_BPF_WAKING,
	CTRACE_BPF_MIGRATE,
	CTRACE_BPF_TEXT,
	CTRACE_BPF_FORK,
	CTRACE_BPF_NAME,
	CTRACE_BPF_EXEC,
	CTRACE_BPF_EXIT,
};

#define CTRACE_BPF_COMM_BYTES 16
#define CTRACE_BPF_ARGS	      6
/* As long as a path may be, its NUL included. */
#define CTRACE_BPF_TEXT_BYTES 4096
/* Of an address of a socket: struct sockaddr_storage. */
#define CTRACE_BPF_ADDRESS_BYTES 128

/* Each record begins with it. */
struct ctrace_bpf_head {
	__u64 stamp_ns;	 /* CLOCK_MONOTONIC */
	__u64 lost;	 /* on this CPU, since the beginning and before this record */
	__u32 tid;	 /* who ran */
	__u16 kind;	 /* enum ctrace_bpf_kind */
	__u16 is_compat; /* of CALL and ENTER: a 32-bit call */
};

/* One in which nothing happened on its CPU that there is a record of, and which was given no text:
 * ENTER and LEAVE in one, and counted as two. Its stamp is that of the end. */
struct ctrace_bpf_call {
	struct ctrace_bpf_head head;
	__u64 begun_ns;
	__s64 number, result;
	__u64 args[CTRACE_BPF_ARGS];
};

struct ctrace_bpf_enter {
	struct ctrace_bpf_head head;
	__s64 number;
	__u64 args[CTRACE_BPF_ARGS];
};

struct ctrace_bpf_leave {
	struct ctrace_bpf_head head;
	__s64 number, result;
};

/* Before the LEAVE of its call. */
struct ctrace_bpf_text {
	struct ctrace_bpf_head head;
	__u16 index;	  /* of the argument that points to it */
	__u16 is_address; /* struct sockaddr, else a string that ends in a NUL */
	__u32 size;	  /* of `bytes`, all of which are there */
	char bytes[CTRACE_BPF_TEXT_BYTES];
};

struct ctrace_bpf_switch {
	struct ctrace_bpf_head head;
	__u32 prev, next; /* tids */
	__u32 state;	  /* task_struct.__state and exit_state, or-ed */
	__s32 next_prio;
	__u32 is_preempted, unused;
	char prev_comm[CTRACE_BPF_COMM_BYTES], next_comm[CTRACE_BPF_COMM_BYTES];
};

/* WAKING, MIGRATE, FORK, NAME, EXIT: of another thread, or of the one that ran. */
struct ctrace_bpf_thread {
	struct ctrace_bpf_head head;
	__u32 tid, pid;
	__u32 cpu; /* WAKING: where it will run; MIGRATE: where from */
	__u32 to_cpu;
	char comm[CTRACE_BPF_COMM_BYTES];
};

/* EXEC: as TEXT, of the program's file. */
struct ctrace_bpf_exec {
	struct ctrace_bpf_head head;
	__u32 old_tid; /* of who called it; its number is head.tid from now on */
	__u32 size;
	char bytes[CTRACE_BPF_TEXT_BYTES];
};

/* Of each CPU. */
struct ctrace_bpf_counts {
	__u64 tried;	 /* records for which room was asked, a CALL as two */
	__u64 lost;	 /* and there was none */
	__u64 unused[6]; /* each has a cache line of its own */
};

/* What a call's arguments point to: bits 0 to 5 paths and names, bits 8 to 13 addresses of sockets
 * whose size is the next argument. */
#define CTRACE_BPF_ADDRESS_SHIFT 8
/* By the numbers of calls in a trace (call_names.h): the second half is for 32-bit calls. */
#define CTRACE_BPF_CALLS	8192
#define CTRACE_BPF_COMPAT_CALLS 4096

/* Of threads that are followed (watch.bpf.c). */
#define CTRACE_BPF_PLACES_BITS 12
#define CTRACE_BPF_PLACES      (1u << CTRACE_BPF_PLACES_BITS)

#endif
