/* SPDX-License-Identifier: MIT */
/* Pages of the kernel's ring; see tracefs_page.h. */

#include "tracer/sources/tracefs/tracefs_page.h"

#include <string.h>

/* The word `commit`: bytes of records, and two marks. */
#define COMMIT_BYTES	   ((1u << 27) - 1)
#define COMMIT_HAS_LOST	   (1u << 31)
#define COMMIT_STORES_LOST (1u << 30)

/* A record's first word: its kind or length in units of 4 bytes, and the time. On big-endian
 * machines the two change places. */
#define TYPE_PADDING 29u
#define TYPE_EXTEND  30u
#define TYPE_STAMP   31u
#define DELTA_BITS   27
/* An absolute stamp has 59 bits; those above are of the stamp before. */
#define STAMP_BITS 59

bool ctrace_tracefs_page_layout(const char *text, struct ctrace_tracefs_page_layout *layout)
{
	if (!ctrace_tracefs_format_field(text, "timestamp", &layout->timestamp) ||
	    !ctrace_tracefs_format_field(text, "commit", &layout->commit) ||
	    !ctrace_tracefs_format_field(text, "data", &layout->data)) {
		return false;
	}
	layout->bytes = (size_t)layout->data.offset + layout->data.size;
	return true;
}

static uint32_t word_at(const uint8_t *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* How many were lost stands behind the records, where there was room. */
static uint64_t lost_before(uint64_t commit, const uint8_t *behind, const uint8_t *end)
{
	unsigned long count;

	if ((commit & COMMIT_HAS_LOST) == 0) {
		return 0;
	}
	if ((commit & COMMIT_STORES_LOST) == 0 || (size_t)(end - behind) < sizeof(count)) {
		return CTRACE_TRACEFS_LOST_UNKNOWN;
	}
	memcpy(&count, behind, sizeof(count));
	return count;
}

void ctrace_tracefs_page_open(struct ctrace_tracefs_page *page,
			      const struct ctrace_tracefs_page_layout *layout, const uint8_t *bytes,
			      size_t size)
{
	uint64_t commit = (uint64_t)ctrace_tracefs_get(bytes, size, layout->commit);
	size_t used = commit & COMMIT_BYTES;
	const uint8_t *data = bytes + layout->data.offset;

	*page = (struct ctrace_tracefs_page){.at = data, .end = data};
	if (layout->data.offset > size || used > size - layout->data.offset) {
		page->is_broken = true;
		return;
	}
	page->end = data + used;
	page->stamp = (uint64_t)ctrace_tracefs_get(bytes, size, layout->timestamp);
	page->lost = lost_before(commit, page->end, bytes + size);
}

static bool break_off(struct ctrace_tracefs_page *page)
{
	page->is_broken = true;
	page->at = page->end;
	return false;
}

/* A record of `size` bytes behind a head of `head` bytes. */
static bool give(struct ctrace_tracefs_page *page, size_t head, size_t size, uint64_t delta)
{
	if (head + size > (size_t)(page->end - page->at)) {
		return break_off(page);
	}
	page->stamp += delta;
	page->record = page->at + head;
	page->record_size = size;
	page->at += head + size;
	return true;
}

/* A record's first word. */
struct head {
	uint32_t type;
	uint64_t delta;
	uint64_t more; /* the word behind it; 0 if the page ends before */
};

static struct head read_head(const struct ctrace_tracefs_page *page)
{
	uint32_t word = word_at(page->at);
	struct head head = {.more = page->end - page->at >= 8 ? word_at(page->at + 4) : 0};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	head.type = word & 31;
	head.delta = word >> 5;
#else
	head.type = word >> DELTA_BITS;
	head.delta = word & ((1u << DELTA_BITS) - 1);
#endif
	return head;
}

/* What is no record moves the page on: false, if it breaks it. */
static bool pass_over(struct ctrace_tracefs_page *page, const struct head *head)
{
	uint64_t time = head->delta | head->more << DELTA_BITS;
	uint64_t size = head->type == TYPE_PADDING ? head->more + 4 : 8;

	if (page->end - page->at < 8 || size > (uint64_t)(page->end - page->at)) {
		return break_off(page);
	}
	if (head->type == TYPE_EXTEND) {
		page->stamp += time;
	} else if (head->type == TYPE_STAMP) {
		page->stamp = (page->stamp >> STAMP_BITS << STAMP_BITS) | time;
	}
	page->at += size;
	return true;
}

bool ctrace_tracefs_page_next(struct ctrace_tracefs_page *page)
{
	while (page->end - page->at >= 4) {
		struct head head = read_head(page);

		if (head.type >= 1 && head.type < TYPE_PADDING) {
			return give(page, 4, (size_t)head.type * 4, head.delta);
		}
		if (head.type == 0) {
			return head.more >= 4 ? give(page, 8, head.more - 4, head.delta)
					      : break_off(page);
		}
		if (head.type == TYPE_PADDING && head.delta == 0) {
			break; /* the rest of the page is empty */
		}
		if (!pass_over(page, &head)) {
			return false;
		}
	}
	page->at = page->end;
	return false;
}
