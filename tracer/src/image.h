/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_IMAGE_H
#define CTRACE_IMAGE_H

/*
 * What a traced process leaves in a ring directory, so that who comes from outside
 * can read it while the process runs, and after it was killed at any instruction.
 *
 *     DIRECTORY/
 *       recorder               who drains the rings, if anybody (one page)
 *       4711-9f2c…/            one folder a process: its pid and a random number
 *         process              who it is, its clock, how it ended
 *         sites-1 sites-2 …    what the codes in its rings mean; only grows
 *         ring-1 ring-2 …      ring.h: the shared page, nested rings, data
 *         ring-1-1 ring-1-2 …  where ring-1 goes on, having grown once, twice, …: data
 *                              alone, each twice as large as the one before
 *                              (ring_growth.h: which of them count, from where on)
 *
 * A number with an underscore of <stdatomic.h> is written while others look; all
 * else stands before `magic`, which is stored last.
 *     [I] magic: release by who made the file, acquire by who opens it.
 *     [W] record->commit: release by append, acquire by who reads sites.
 */

#include "format/records.h"
#include "tracer/src/limits.h"

#include <stdatomic.h>
#include <stdint.h>

/* 1: rings of one size. */
#define CTRACE_IMAGE_VERSION 2u
/* What the process has mapped, as /proc/self/maps says it, where records hold addresses. May be
 * missing. Written under the second name, so that nobody reads half of it. */
#define CTRACE_MAPS_FILE      "maps"
#define CTRACE_MAPS_FILE_NEW  "maps.new"
#define CTRACE_RING_MAGIC     UINT64_C(0x474e495243525443) /* "CTRCRING" */
#define CTRACE_PROCESS_MAGIC  UINT64_C(0x434f525043525443) /* "CTRCPROC" */
#define CTRACE_SITES_MAGIC    UINT64_C(0x4554495343525443) /* "CTRCSITE" */
#define CTRACE_RECORDER_MAGIC UINT64_C(0x4f43455243525443) /* "CTRCRECO" */

/* What an owner does when its ring is full; that it discarded older records shows in the tail
 * (ring.h), whatever stands here. */
enum ctrace_ring_policy { CTRACE_RING_DROP_NEW };

/* The beginning of a ring's shared page. */
struct ctrace_ring_head {
	_Atomic uint64_t magic;
	uint32_t version;
	uint32_t shared_bytes; /* of struct ctrace_ring_shared: two builds may differ */
	uint32_t nested_levels, nested_bytes;
	uint32_t data_offset;
	uint32_t policy; /* enum ctrace_ring_policy */
	uint64_t data_bytes;
};

/* Losses of one kind. */
struct ctrace_loss_count {
	_Atomic uint64_t count; /* only grows */
	/* ticks of the first one since the collector last looked, and of the last */
	_Atomic uint64_t first, last;
	_Atomic uint64_t seen; /* by the collector: what count was when it last looked */
};

enum ctrace_ended { CTRACE_ENDED_NOT, CTRACE_ENDED_EXITED, CTRACE_ENDED_CRASHED };

struct ctrace_process_image {
	_Atomic uint64_t magic;
	uint32_t version, bytes; /* of this struct */
	uint32_t pid, parent_pid;
	uint64_t start_time;  /* as /proc/PID/stat says: the pid's owner, for good */
	uint64_t stack_start; /* the same; another one after exec. 0: not told */
	uint64_t made;	      /* ticks of when this file was made */
	uint32_t clock_kind;  /* enum ctrace_clock_kind */
	_Atomic uint32_t ended, signal;
	_Atomic uint32_t rings, site_files; /* how many have been made */
	_Atomic uint64_t ticks_per_second;  /* 0: not measured yet */
	struct ctrace_clock_row clock;	    /* at `made` */
	uint8_t session[16];
	struct ctrace_loss_count orphans; /* of threads without a ring */
	char name[CTRACE_NAME_BYTES_MAX];
	char host[72];
	char kernel[208];
	char boot_id[40];
	char recorder[32];
	uint32_t program_bytes, command_bytes;
	char program[2048];
	char command[4096]; /* arguments joined by NUL */
};

#define CTRACE_SITES_FILE_BYTES (64u << 10)

struct ctrace_sites_head {
	_Atomic uint64_t magic;
	uint32_t version, bytes;
	_Atomic uint32_t used; /* claimed up to here; may pass the end */
	uint32_t zero;
};

#define CTRACE_SITE_TEXTS (4u + CTRACE_ENTRY_ARGS_MAX)
/* Longer names are cut here; the largest record still fits a file. */
#define CTRACE_SITE_TEXT_BYTES_MAX 4096u
#define CTRACE_SITE_ARG_BYTES_MAX  256u

/* Claimed by `used`, then filled, then committed. What is not committed reads as zero words. */
struct ctrace_site_record {
	_Atomic uint64_t
		commit; /* CTRACE_SITE_COMMIT | its bytes with its texts, a multiple of 8 */
	uint32_t line;
	uint16_t code;
	uint8_t kind, arg_count;
	uint8_t arg_types[CTRACE_ENTRY_ARGS_MAX];
	uint16_t sizes[CTRACE_SITE_TEXTS]; /* name, category, file, function, names of arguments */
	uint16_t zero;
};
#define CTRACE_SITE_COMMIT UINT64_C(0x5eed517e00000000)

struct ctrace_recorder_image {
	_Atomic uint64_t magic;
	uint32_t version, pid;
	uint64_t start_time;
	uint32_t clock_kind;
	_Atomic uint32_t bell;	  /* enum ctrace_bell: rung by processes whose rings fill */
	_Atomic uint32_t is_over; /* nobody drains any more: stop writing */
	uint32_t zero;
	uint64_t pid_space; /* of `pid`: elsewhere the number says nothing */
};

/* Of a bell. RUNG: it rang while the collector was awake, who then does not go to sleep. */
enum ctrace_bell { CTRACE_BELL_AWAKE, CTRACE_BELL_ASLEEP, CTRACE_BELL_RUNG };

#endif
