/* SPDX-License-Identifier: MIT */

/* A bump allocator over files; see site_log.h. */

#include "tracer/src/sites/site_log.h"

#include "tracer/src/image.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(sizeof(struct ctrace_site_record) % 8 == 0, "texts follow");
_Static_assert(sizeof(struct ctrace_sites_head) + sizeof(struct ctrace_site_record) +
			       4 * CTRACE_SITE_TEXT_BYTES_MAX +
			       CTRACE_ENTRY_ARGS_MAX * CTRACE_SITE_ARG_BYTES_MAX + 8 <=
		       CTRACE_SITES_FILE_BYTES,
	       "the largest record fits a file");

static struct ctrace_sites_head *_Atomic current;
static _Atomic unsigned files;
static ctrace_site_file_fn *make_file;
static ctrace_site_files_fn *tell_files;
/* A bit a code: is in the log; found no room in it. */
struct code_set {
	_Atomic uint8_t bits[CTRACE_CODES_MAX / 8 + 1];
};
static struct code_set logged, lacking;

static struct ctrace_sites_head *map_file(void)
{
	struct ctrace_sites_head *head = MAP_FAILED;
	int fd = make_file(CTRACE_SITES_FILE_BYTES);

	if (fd >= 0) {
		head = mmap(NULL, CTRACE_SITES_FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			    0);
		close(fd);
	}
	if (head == MAP_FAILED) {
		return NULL;
	}
	head->version = CTRACE_IMAGE_VERSION;
	head->bytes = CTRACE_SITES_FILE_BYTES;
	atomic_store_explicit(&head->used, sizeof(*head), memory_order_relaxed);
	/* [I] release. */
	atomic_store_explicit(&head->magic, CTRACE_SITES_MAGIC, memory_order_release);
	tell_files(1 + atomic_fetch_add_explicit(&files, 1, memory_order_relaxed));
	return head;
}

/* A fresh file in place of `full`; another thread's will do as well. Ours then stays empty. */
static struct ctrace_sites_head *next_file(struct ctrace_sites_head *full)
{
	struct ctrace_sites_head *made = map_file();

	if (made == NULL) {
		return NULL;
	}
	/* [K] */
	if (!atomic_compare_exchange_strong_explicit(&current, &full, made, memory_order_seq_cst,
						     memory_order_seq_cst)) {
		munmap(made, CTRACE_SITES_FILE_BYTES);
		return full;
	}
	return made;
}

bool ctrace_site_log_begin(ctrace_site_file_fn *make, ctrace_site_files_fn *tell)
{
	make_file = make;
	tell_files = tell;
	return next_file(NULL) != NULL;
}

/* The texts in the order of the record, cut to what it holds. Returns the bytes of all. */
static size_t list_texts(const struct ctrace_entry *entry,
			 struct ctrace_text texts[CTRACE_SITE_TEXTS])
{
	unsigned count = 0;
	size_t bytes = 0;

	texts[count++] = entry->name;
	texts[count++] = entry->category;
	texts[count++] = entry->file;
	texts[count++] = entry->function;
	for (unsigned i = 0; i < entry->arg_count; i++) {
		texts[count++] = entry->arg_names[i];
	}
	for (unsigned i = 0; i < count; i++) {
		uint32_t most = i < 4 ? CTRACE_SITE_TEXT_BYTES_MAX : CTRACE_SITE_ARG_BYTES_MAX;

		texts[i].size = texts[i].size < most ? texts[i].size : most;
		bytes += texts[i].size;
	}
	return bytes;
}

static void fill(struct ctrace_site_record *record, const struct ctrace_entry *entry,
		 const struct ctrace_text *texts, size_t bytes)
{
	char *at = (char *)(record + 1);

	record->line = entry->line;
	record->code = entry->code;
	record->kind = entry->kind;
	record->arg_count = entry->arg_count;
	memcpy(record->arg_types, entry->arg_types, sizeof(record->arg_types));
	for (unsigned i = 0; i < 4u + entry->arg_count; i++) {
		record->sizes[i] = (uint16_t)texts[i].size;
		memcpy(at, texts[i].bytes, texts[i].size);
		at += texts[i].size;
	}
	/* [W] release: the record before its commit. */
	atomic_store_explicit(&record->commit, CTRACE_SITE_COMMIT | bytes, memory_order_release);
}

/* Room for a record; NULL without. */
static struct ctrace_site_record *take(struct ctrace_sites_head *head, size_t bytes)
{
	while (head != NULL) {
		size_t at = atomic_fetch_add_explicit(&head->used, (uint32_t)bytes,
						      memory_order_relaxed);

		if (at + bytes <= CTRACE_SITES_FILE_BYTES) {
			return (void *)((char *)head + at);
		}
		head = next_file(head);
	}
	return NULL;
}

static void set_add(struct code_set *set, unsigned code)
{
	/* [K] */
	atomic_fetch_or_explicit(&set->bits[code / 8], (uint8_t)(1u << code % 8),
				 memory_order_seq_cst);
}

static bool set_has(struct code_set *set, unsigned code)
{
	/* [K] */
	return (atomic_load_explicit(&set->bits[code / 8], memory_order_seq_cst) >> code % 8 & 1) !=
	       0;
}

static void set_clear(struct code_set *set)
{
	for (unsigned i = 0; i < sizeof(set->bits); i++) {
		atomic_store_explicit(&set->bits[i], 0, memory_order_relaxed);
	}
}

bool ctrace_site_log_add(const struct ctrace_entry *entry)
{
	struct ctrace_text texts[CTRACE_SITE_TEXTS];
	struct ctrace_sites_head *head;
	struct ctrace_site_record *record;
	size_t bytes;

	/* [K] */
	atomic_thread_fence(memory_order_seq_cst);
	head = atomic_load_explicit(&current, memory_order_seq_cst);
	if (head == NULL || set_has(&logged, entry->code)) {
		return true;
	}
	bytes = (sizeof(*record) + list_texts(entry, texts) + 7) & ~(size_t)7;
	record = take(head, bytes);
	if (record == NULL) {
		set_add(&lacking, entry->code);
		return false;
	}
	fill(record, entry, texts, bytes);
	set_add(&logged, entry->code);
	return true;
}

bool ctrace_site_log_lacks(unsigned code)
{
	return set_has(&lacking, code);
}

void ctrace_site_log_fork_child(void)
{
	atomic_store_explicit(&current, NULL, memory_order_seq_cst);
	atomic_store_explicit(&files, 0, memory_order_relaxed);
	set_clear(&logged);
	set_clear(&lacking);
}
