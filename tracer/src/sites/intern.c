/* SPDX-License-Identifier: MIT */

/* The table of entries; see intern.h. The texts' memory is in copies.c. */

#include "tracer/src/sites/intern.h"

#include "format/kinds.h"
#include "tracer/src/limits.h"
#include "tracer/src/sites/copies.h"
#include "tracer/src/sites/sites.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <urcu/rculfhash.h>
#include <urcu/urcu-bp.h>

/* Enough for short chains at a thousand sites; fixed, so that the table starts no thread. */
#define BUCKETS 1024u

static struct cds_lfht *interned;
static _Atomic(struct ctrace_entry *) entries[CTRACE_CODES_MAX];
static _Atomic uint32_t next_code = 1;

void ctrace_sites_init(void)
{
	interned = cds_lfht_new_flavor(BUCKETS, BUCKETS, BUCKETS, 0, &urcu_bp_flavor, NULL);
}

const struct ctrace_entry *ctrace_sites_entry(unsigned code)
{
	if (code >= CTRACE_CODES_MAX) {
		return NULL;
	}
	/* [E] acquire: the entry's content. Met by the release [E] in ctrace_sites_intern. */
	return atomic_load_explicit(&entries[code], memory_order_acquire);
}

uint32_t ctrace_sites_count(void)
{
	uint32_t end = atomic_load_explicit(&next_code, memory_order_relaxed);

	return (end < CTRACE_CODES_MAX ? end : CTRACE_CODES_MAX) - 1;
}

static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		hash = (hash ^ (uint8_t)bytes[i]) * UINT64_C(0x100000001b3);
	}
	return (hash ^ size) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t hash_site(const struct ctrace_site_info *site)
{
	uint64_t hash = (uint64_t)site->kind << 40 | (uint64_t)site->value_type << 32 | site->line;

	hash = hash_bytes(hash ^ UINT64_C(0xcbf29ce484222325), site->name, site->name_size);
	hash = hash_bytes(hash, site->category, strlen(site->category));
	hash = hash_bytes(hash, site->file, strlen(site->file));
	hash = hash_bytes(hash, site->function, strlen(site->function));
	hash = hash_bytes(hash, site->schema, site->schema_size);
	return hash ^ hash >> 29;
}

static struct ctrace_text copy_text(const char *bytes, size_t size)
{
	struct ctrace_text text = {ctrace_copies_copy(bytes, size), (uint32_t)size};

	if (text.bytes == NULL) {
		text = (struct ctrace_text){"", 0};
	}
	return text;
}

static void add_arg(struct ctrace_entry *entry, enum ctrace_arg_type type, const char *name,
		    size_t size)
{
	if (entry->arg_count < CTRACE_ENTRY_ARGS_MAX) {
		entry->arg_types[entry->arg_count] = (uint8_t)type;
		entry->arg_names[entry->arg_count] = copy_text(name, size);
		entry->arg_count++;
	}
}

/* What SPEC 8.4 demands of the kind, before the site's own arguments. */
static void add_demanded_args(struct ctrace_entry *entry, unsigned value_type)
{
	switch (entry->kind) {
	case CTRACE_KIND_COUNTER:
		add_arg(entry, (enum ctrace_arg_type)value_type, "value", 5);
		break;
	case CTRACE_KIND_LOG:
		add_arg(entry, CTRACE_ARG_STR, "message", 7);
		break;
	case CTRACE_KIND_TASK_BEGIN:
		add_arg(entry, CTRACE_ARG_U64, "id", 2);
		add_arg(entry, CTRACE_ARG_U64, "parent", 6);
		break;
	case CTRACE_KIND_TASK_STEP:
	case CTRACE_KIND_TASK_END:
	case CTRACE_KIND_TASK_ENTER:
	case CTRACE_KIND_TASK_LEAVE:
	case CTRACE_KIND_FLOW_OUT:
	case CTRACE_KIND_FLOW_STEP:
	case CTRACE_KIND_FLOW_IN:
		add_arg(entry, CTRACE_ARG_U64, "id", 2);
		break;
	case CTRACE_KIND_THREAD_NAME:
	case CTRACE_KIND_PROCESS_NAME:
		add_arg(entry, CTRACE_ARG_STR, "name", 4);
		break;
	case CTRACE_KIND_GC_BEGIN:
		add_arg(entry, CTRACE_ARG_U64, "gc_kind", 7);
		break;
	case CTRACE_KIND_GC_HEAP:
		add_arg(entry, CTRACE_ARG_U64, "size", 4);
		break;
	case CTRACE_KIND_GC_THREAD:
		add_arg(entry, CTRACE_ARG_U64, "tid", 3);
		add_arg(entry, CTRACE_ARG_U64, "is_stopped", 10);
		break;
	default:
		break;
	}
}

/* A letter of a schema; u64 for one we do not know, which is always one word too. */
static enum ctrace_arg_type type_of_letter(char letter)
{
	static const char letters[] = "iufbsph";
	const char *at = memchr(letters, letter, sizeof(letters) - 1);

	return at != NULL ? (enum ctrace_arg_type)(CTRACE_ARG_I64 + (at - letters))
			  : CTRACE_ARG_U64;
}

_Static_assert(CTRACE_ARG_I64 == 1 && CTRACE_ARG_U64 == 2 && CTRACE_ARG_F64 == 3 &&
		       CTRACE_ARG_BOOL == 4 && CTRACE_ARG_STR == 5 && CTRACE_ARG_PTR == 6 &&
		       CTRACE_ARG_HEX == 7,
	       "the order of the letters");

static void add_schema_args(struct ctrace_entry *entry, const char *schema, size_t size)
{
	const char *end = schema + size;

	while (schema < end && *schema != '\0') {
		size_t name = strnlen(schema + 1, (size_t)(end - schema - 1));

		add_arg(entry, type_of_letter(*schema), schema + 1, name);
		schema += name + 2;
	}
}

static void fill_entry(struct ctrace_entry *entry, const struct ctrace_site_info *site)
{
	entry->kind = site->kind;
	entry->line = site->line;
	entry->name = copy_text(site->name, site->name_size);
	entry->category = copy_text(site->category, strlen(site->category));
	entry->file = copy_text(site->file, strlen(site->file));
	entry->function = copy_text(site->function, strlen(site->function));
	add_demanded_args(entry, site->value_type);
	add_schema_args(entry, site->schema, site->schema_size);
}

static struct ctrace_entry *entry_of(struct cds_lfht_node *node)
{
	return (void *)((char *)node - offsetof(struct ctrace_entry, node));
}

/* Equal to the hash is equal: 64 bits over at most 32,512 sites collide once in 2^35 programs. */
static int is_same(struct cds_lfht_node *node, const void *hash)
{
	const struct ctrace_entry *entry = entry_of(node);

	/* [N] acquire: the content before the hash. Met by the release [N] in make_entry. */
	return atomic_load_explicit(&entry->hash, memory_order_acquire) == *(const uint64_t *)hash;
}

static struct ctrace_entry *find(uint64_t hash)
{
	struct cds_lfht_iter iter;
	struct cds_lfht_node *node;

	cds_lfht_lookup(interned, (unsigned long)hash, is_same, &hash, &iter);
	node = cds_lfht_iter_get_node(&iter);
	return node != NULL ? entry_of(node) : NULL;
}

static struct ctrace_entry *make_entry(const struct ctrace_site_info *site, uint64_t hash)
{
	uint32_t code = atomic_fetch_add_explicit(&next_code, 1, memory_order_relaxed);
	struct ctrace_entry *entry;

	if (code >= CTRACE_CODES_MAX) {
		atomic_store_explicit(&next_code, CTRACE_CODES_MAX, memory_order_relaxed);
		return NULL;
	}
	entry = ctrace_copies_take(sizeof(*entry));
	if (entry == NULL) {
		return NULL;
	}
	memset(entry, 0, sizeof(*entry));
	entry->code = (uint16_t)code;
	fill_entry(entry, site);
	/* [N] release. */
	atomic_store_explicit(&entry->hash, hash, memory_order_release);
	return entry;
}

/* Nodes are never removed and the table never grows, so no read-side lock is needed. */
const struct ctrace_entry *ctrace_sites_intern(const struct ctrace_site_info *site)
{
	uint64_t hash = hash_site(site);
	struct ctrace_entry *entry;
	struct cds_lfht_node *winner;

	if (interned == NULL) {
		return NULL;
	}
	entry = find(hash);
	if (entry == NULL) {
		entry = make_entry(site, hash);
		if (entry == NULL) {
			return NULL;
		}
		cds_lfht_node_init(&entry->node);
		winner = cds_lfht_add_unique(interned, (unsigned long)hash, is_same, &hash,
					     &entry->node);
		entry = entry_of(winner);
	}
	/* [E] release: the content before the address. Storing it again is harmless. */
	atomic_store_explicit(&entries[entry->code], entry, memory_order_release);
	return entry;
}
