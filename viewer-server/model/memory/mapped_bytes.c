/* SPDX-License-Identifier: MIT */
/* A set of ranges of addresses; see mapped_bytes.h. */

#include "viewer-server/model/memory/mapped_bytes.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES    UINT64_C(4096)
#define MAP_ANON_FLAG UINT64_C(0x20)

struct range {
	uint64_t from, to;
};

enum ctrace_mapping_call ctrace_mapping_call_of(struct ctrace_bytes name)
{
	static const struct {
		const char *name;
		enum ctrace_mapping_call call;
	} calls[] = {
		{"mmap", CTRACE_MAPPING_MMAP},	   {"mmap64", CTRACE_MAPPING_MMAP},
		{"munmap", CTRACE_MAPPING_MUNMAP}, {"mremap", CTRACE_MAPPING_MREMAP},
		{"brk", CTRACE_MAPPING_BRK},	   {"execve", CTRACE_MAPPING_EXEC},
		{"execveat", CTRACE_MAPPING_EXEC}, {"exit_group", CTRACE_MAPPING_EXIT},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strlen(calls[i].name) == name.size &&
		    memcmp(calls[i].name, name.bytes, name.size) == 0) {
			return calls[i].call;
		}
	}
	return CTRACE_MAPPING_NONE;
}

/* Ranges that overlap are equal: of the set's own no two do. */
static int compare(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->to <= y->from) {
		return -1;
	}
	return x->from >= y->to;
}

/* A range that the set has nothing of. */
static bool insert(struct ctrace_mapped_bytes *mapped, uint64_t from, uint64_t to)
{
	struct range *range;

	if (from >= to) {
		return true;
	}
	range = malloc(sizeof(*range));
	if (range == NULL) {
		return false;
	}
	*range = (struct range){from, to};
	if (tsearch(range, &mapped->ranges, compare) == NULL) {
		free(range);
		return false;
	}
	mapped->bytes += to - from;
	return true;
}

/* One range of the set that overlaps, taken out. False: none does. */
static bool take_one(struct ctrace_mapped_bytes *mapped, const struct range *wanted,
		     struct range *taken)
{
	struct range *const *found = tfind(wanted, &mapped->ranges, compare);
	struct range *range;

	if (found == NULL) {
		return false;
	}
	range = *found;
	tdelete(range, &mapped->ranges, compare);
	*taken = *range;
	mapped->bytes -= taken->to - taken->from;
	free(range);
	return true;
}

/* Whole pages; what would pass the end of all addresses is cut. */
static struct range pages_of(uint64_t at, uint64_t size)
{
	uint64_t from = at & ~(PAGE_BYTES - 1), most = UINT64_MAX - (PAGE_BYTES - 1);
	uint64_t end = size > most - at || at > most ? most : at + size;

	return (struct range){from, (end + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1)};
}

static bool remove_range(struct ctrace_mapped_bytes *mapped, struct range gone)
{
	struct range found;

	while (gone.from < gone.to && take_one(mapped, &gone, &found)) {
		if (!insert(mapped, found.from, found.from < gone.from ? gone.from : found.from) ||
		    !insert(mapped, found.to > gone.to ? gone.to : found.to, found.to)) {
			return false;
		}
	}
	return true;
}

static bool add_range(struct ctrace_mapped_bytes *mapped, struct range range)
{
	return remove_range(mapped, range) && insert(mapped, range.from, range.to);
}

/* How much of a range the set has. */
static bool has_range(const struct ctrace_mapped_bytes *mapped, struct range range)
{
	return range.from < range.to && tfind(&range, &mapped->ranges, compare) != NULL;
}

/* What moves stays what it was: anonymous if it is in the set. */
static bool remap(struct ctrace_mapped_bytes *mapped, const uint64_t args[4], uint64_t to)
{
	struct range old = pages_of(args[0], args[1]);
	bool is_ours = has_range(mapped, old);

	if (!remove_range(mapped, old)) {
		return false;
	}
	return is_ours ? add_range(mapped, pages_of(to, args[2]))
		       : remove_range(mapped, pages_of(to, args[2]));
}

static bool move_break(struct ctrace_mapped_bytes *mapped, uint64_t to)
{
	uint64_t from = mapped->brk;

	mapped->brk = to;
	if (from == 0 || from == to) {
		return true;
	}
	return from < to ? add_range(mapped, pages_of(from, to - from))
			 : remove_range(mapped, pages_of(to, from - to));
}

bool ctrace_mapped_bytes_take(struct ctrace_mapped_bytes *mapped, enum ctrace_mapping_call call,
			      const uint64_t args[4], int64_t result)
{
	if (result < 0 && result > -4096) {
		return true;
	}
	switch (call) {
	case CTRACE_MAPPING_MMAP: {
		struct range range = pages_of((uint64_t)result, args[1]);

		return (args[3] & MAP_ANON_FLAG) != 0 ? add_range(mapped, range)
						      : remove_range(mapped, range);
	}
	case CTRACE_MAPPING_MUNMAP:
		return remove_range(mapped, pages_of(args[0], args[1]));
	case CTRACE_MAPPING_MREMAP:
		return remap(mapped, args, (uint64_t)result);
	case CTRACE_MAPPING_BRK:
		return move_break(mapped, (uint64_t)result);
	case CTRACE_MAPPING_EXEC:
	case CTRACE_MAPPING_EXIT:
		ctrace_mapped_bytes_clear(mapped);
		break;
	case CTRACE_MAPPING_NONE:
		break;
	}
	return true;
}

void ctrace_mapped_bytes_clear(struct ctrace_mapped_bytes *mapped)
{
	tdestroy(mapped->ranges, free);
	*mapped = (struct ctrace_mapped_bytes){.bytes = 0};
}

void ctrace_mapped_bytes_finish(struct ctrace_mapped_bytes *mapped)
{
	ctrace_mapped_bytes_clear(mapped);
}
