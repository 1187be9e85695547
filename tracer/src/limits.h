/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACER_LIMITS_H
#define CTRACE_TRACER_LIMITS_H

/* Every limit of the recorder, with its reason. Those of the file are in format/limits.h. */

/* 32 K events: a thread at a million events a second fills it in 33 ms, six times the collector's
 * tick. */
#define CTRACE_RING_KB_DEFAULT 256u
/* The largest record (8 strings of 1,024 bytes) must fit several times; more than 64 MiB a thread
 * is a mistake. */
#define CTRACE_RING_KB_MIN 64u
#define CTRACE_RING_KB_MAX 65536u

/* 16 doublings are not needed: half a second of a million events a second. */
#define CTRACE_RING_MAX_KB_DEFAULT 4096u
/* From the smallest ring to the largest. */
#define CTRACE_GROWTHS_MAX 10u
/* All rings together: of 1,500 threads that did not grow. A machine that traces has this much. */
#define CTRACE_MEMORY_MB_DEFAULT 512u
#define CTRACE_MEMORY_MB_MIN	 1u
#define CTRACE_MEMORY_MB_MAX	 65536u

/* Kept free for the ends of spans that are open when the ring fills: 512 of them. */
#define CTRACE_END_RESERVE_BYTES 4096u

/* Spans that a stretch of overwritten events may open or close and still be told exactly; two
 * lists fit beside the rest of a ring's shared page. */
#define CTRACE_GAP_SPANS_MAX 64u

/* Under the policy `block`: longer than any pass of the collector, short enough not to look like a
 * hang. */
#define CTRACE_BLOCK_MS_DEFAULT 100u
#define CTRACE_BLOCK_MS_MAX	10000u

/* Signal handlers within signal handlers within emit: rare, so small; two of the largest records
 * fit. */
#define CTRACE_NESTED_LEVELS 4u
#define CTRACE_NESTED_BYTES  (16u << 10)

/* Codes are 15 bits; the last 256 are kept for records without a site. */
#define CTRACE_CODES_MAX 0x7f00u
/* Ten arguments of the longest call and what its kind demands. */
#define CTRACE_ENTRY_ARGS_MAX 10u
/* Of a process's list of what it has mapped: 8,000 lines. */
#define CTRACE_MAPS_BYTES_MAX (1u << 20)
/* Of one process in a ring directory, where rings of threads that are gone stay: 1.3 GiB. */
#define CTRACE_RING_FILES_MAX 4096u
/* Numbers of calls in a file that programs tell of: those of a kernel's tables are below. */
#define CTRACE_CALLS_FIRST 8192u
/* Calls by name: a preload library knows a hundred, and a kernel's few hundred through syscall().
 */
#define CTRACE_CALL_NAMES_MAX 1024u
/* States that may be switched: a static inline function has one in each file that uses it. */
#define CTRACE_PLACES_MAX 65536u

/* SPEC 8: what BEGIN/END of one thread can have open. The thread's codes are 2 bytes each, on its
 * control page. */
#define CTRACE_BEGINS_MAX 1024u

/* A string argument; trace.h says so too. */
#define CTRACE_STRING_ARG_BYTES_MAX 1024u
#define CTRACE_LOG_BYTES_MAX	    1024u
#define CTRACE_NAME_BYTES_MAX	    128u

/*
 * Of the collector: 5 ms while some ring is half full at a tick, up to 40 ms while all of them
 * stay below an eighth (fewer wake-ups, larger portions), 100 ms lets an idle program sleep.
 */
#define CTRACE_TICK_MS	       5u
#define CTRACE_TICK_SHALLOW_MS 40u
#define CTRACE_TICK_IDLE_MS    100u
/* What was recorded is in the file a quarter of a second later, however slow the thread. */
#define CTRACE_CHUNK_AGE_MS 250u
#define CTRACE_CLOCK_ROW_MS 1000u
/* A thread that vanished without its destructors is looked for once it was silent so long. */
#define CTRACE_PROBE_IDLE_MS 1000u

/* Rows of threads that the kernel's events tell of; the rest of a file's 65,536 is for those that
 * trace. */
#define CTRACE_SOURCE_THREADS_MAX 64000u
/* The same in a flight, where those that trace may be as many. */
#define CTRACE_FLIGHT_THREADS_MAX 32000u
/* Rows of descriptors, of the 1,000,000 of a file; and those remembered at a time: 4 MB. */
#define CTRACE_SOURCE_FILES_MAX	  900000u
#define CTRACE_SOURCE_FILES_KNOWN 65536u
/* Descriptors looked up in a round, each two system calls: 5 ms at worst. */
#define CTRACE_SOURCE_LOOKUPS_MAX 512u
/* What is read of a table of sockets to find one; those of a large server are left alone. */
#define CTRACE_SOCKET_TABLE_BYTES (64u << 10)

/* Samples a second on a CPU. At 99 they do not beat in time with what happens a hundred times a
 * second. */
#define CTRACE_SAMPLE_HZ_DEFAULT 99u
#define CTRACE_SAMPLE_HZ_MIN	 1u
#define CTRACE_SAMPLE_HZ_MAX	 10000u
/* Above this the stack is not copied with each sample: 8 KiB each are 8 MB a second on a CPU here.
 */
#define CTRACE_SAMPLE_HZ_COPIED_MAX 1000u
/* One page fault in so many is recorded, with 8 KiB of stack: 0.3 us a fault, and 256 KiB touched.
 */
#define CTRACE_FAULT_PERIOD 64u
/* How often a thread's waiting for a CPU is read, and of how many in a round: 2 ms at worst. */
#define CTRACE_RUN_DELAY_MS	   100u
#define CTRACE_RUN_DELAY_READS_MAX 256u
/* How often the kernel's buffers are emptied: they hold so many milliseconds of the fastest calls
 * many times over; and while they fill. */
#define CTRACE_BESIDE_MS	      10u
#define CTRACE_BESIDE_FILLING_MS      2u
#define CTRACE_BESIDE_FILLING_PERCENT 10
/* In our own process, each source has an event for each thread on each processor; the kernel takes
 * about 1.5 KB for one, and for each of them in every thread that comes. */
#define CTRACE_OWN_EVENTS_MAX 8192u
/* Threads whose way is remembered there; beyond them it is found anew. */
#define CTRACE_OWN_WAYS_MAX 65536u
/* While so many threads come between two looks at who is there, no list is ever whole. */
#define CTRACE_OWN_LOOKS_MAX 16u
/* Call frame information of one file there, and of all of them; beyond, frame pointers are
 * followed. A server of 100 MB has 5. */
#define CTRACE_OWN_FRAMES_BYTES_MAX (UINT64_C(16) << 20)
#define CTRACE_OWN_FRAMES_TOTAL_MAX (UINT64_C(64) << 20)
/* Rows of it that are remembered, 200 bytes each; beyond, they are found anew each time. */
#define CTRACE_OWN_ROWS_MAX 65536u
/* To look up names, in all: whoever stops a recording waits for it. */
#define CTRACE_OWN_NAMES_SECONDS_MAX 5u
/* A table of symbols, while names are looked up, and their texts: of a million functions. */
#define CTRACE_OWN_SYMBOLS_BYTES_MAX (UINT64_C(64) << 20)
/* Of one process: a browser has 2,000; code made at run time may be mapped piece by piece. */
#define CTRACE_MAPPINGS_MAX 65536u
/* Processes that are gone keep their mappings for late samples, 10 MB of them. */
#define CTRACE_GONE_PROCESSES_MAX 4096u
/* Files of samples that are held open: 1,024 descriptors are usual, and rings have theirs. */
#define CTRACE_OPEN_MODULES_MAX 400u
/* Functions inlined into one another at one address; what is deeper is left out in the middle. */
#define CTRACE_SYMBOL_INLINED_MAX 32u
/* Debugging information of more bytes is left alone: it would be read into memory whole. */
#define CTRACE_SYMBOL_DEBUG_BYTES_MAX (UINT64_C(512) << 20)
/* Longer ones are machine-made, and cost the demangler more than they tell. */
#define CTRACE_MANGLED_BYTES_MAX 8192u
/* Functions of the kernel and its modules: here 120,000; a distribution's with all modules 300,000.
 */
#define CTRACE_KERNEL_SYMBOLS_MAX 2000000u
/* To look up names, in all, after the program: what is left has its module and address. A thousand
 * frames of a program with debugging information take about a tenth of a second. */
#define CTRACE_NAMES_SECONDS_MAX 20u
/* For a snapshot while the recording goes on: the kernel's buffers wait meanwhile. */
#define CTRACE_SNAPSHOT_NAMES_SECONDS_MAX 2u

#endif
