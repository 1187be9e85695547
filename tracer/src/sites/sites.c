/* SPDX-License-Identifier: MIT */

/* Call sites, their codes and their states; see sites.h. The texts' memory is in copies.c. */

#include "tracer/src/sites/sites.h"

#include "format/kinds.h"
#include "tracer/src/limits.h"
#include "tracer/src/sites/copies.h"
#include "tracer/src/sites/gate.h"
#include "tracer/src/sites/site_log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <urcu/rculfhash.h>
#include <urcu/urcu-bp.h>

/* Enough for short chains at a thousand sites; fixed, so that the table starts no thread. */
#define BUCKETS 1024u

/* Where a state word is. Free while `state` is NULL. */
struct place {
	_Atomic(uint16_t *) state;
	_Atomic uint32_t code;
	const char *_Atomic module;
};

/* The category lists that sessions want; replaced whole. */
struct wishes {
	struct wishes *next_old;
	unsigned count;
	const char *lists[];
};

static struct cds_lfht *interned;
static _Atomic(struct ctrace_entry *) entries[CTRACE_CODES_MAX];
static _Atomic uint32_t next_code = 1;
static struct place places[CTRACE_PLACES_MAX];
static _Atomic uint32_t places_end;  /* all used ones are below */
static _Atomic uint32_t places_hint; /* a free one may be here */
static _Atomic(struct wishes *) wishes;
static _Atomic uint32_t readers; /* of wishes, now */
static struct wishes *old_wishes;
static const char *_Atomic always; /* NULL: nothing */
static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;

unsigned char ctrace_armed;

void ctrace_sites_init(void)
{
	interned = cds_lfht_new_flavor(BUCKETS, BUCKETS, BUCKETS, 0, &urcu_bp_flavor, NULL);
}

const struct ctrace_entry *ctrace_sites_entry(unsigned code)
{
	if (code >= CTRACE_CODES_MAX) {
		return NULL;
	}
	/* [E] acquire: the entry's content. Met by the release [E] in publish. */
	return atomic_load_explicit(&entries[code], memory_order_acquire);
}

uint32_t ctrace_sites_count(void)
{
	uint32_t end = atomic_load_explicit(&next_code, memory_order_relaxed);

	return (end < CTRACE_CODES_MAX ? end : CTRACE_CODES_MAX) - 1;
}

/* ---- one site ---- */

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

/* Find or make the entry. Nodes are never removed and the table never grows, so no read-side lock
 * is needed. */
static const struct ctrace_entry *intern(const struct ctrace_site_info *site)
{
	uint64_t hash = hash_site(site);
	struct ctrace_entry *entry = find(hash);
	struct cds_lfht_node *winner;

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

/* ---- places and wishes ---- */

static bool is_wanted(const struct wishes *now, const struct ctrace_entry *entry)
{
	const char *list = atomic_load_explicit(&always, memory_order_acquire);

	if (entry == NULL || ctrace_site_log_lacks(entry->code)) {
		return false;
	}
	if (list != NULL && ctrace_entry_is_in(entry, list)) {
		return true;
	}
	for (unsigned i = 0; now != NULL && i < now->count; i++) {
		if (ctrace_entry_is_in(entry, now->lists[i])) {
			return true;
		}
	}
	return false;
}

static void set_state(uint16_t *state, uint16_t value)
{
	__atomic_store_n(state, value, __ATOMIC_RELAXED);
}

static void raise_places_end(uint32_t to)
{
	uint32_t end = atomic_load_explicit(&places_end, memory_order_relaxed);

	while (end < to &&
	       !atomic_compare_exchange_weak_explicit(&places_end, &end, to, memory_order_seq_cst,
						      memory_order_relaxed)) {
	}
}

static bool try_place(struct place *place, uint16_t *state)
{
	uint16_t *none = NULL;

	return atomic_load_explicit(&place->state, memory_order_relaxed) == NULL &&
	       atomic_compare_exchange_strong_explicit(&place->state, &none, state,
						       memory_order_acq_rel, memory_order_relaxed);
}

static struct place *take_place(uint16_t *state)
{
	uint32_t first = atomic_load_explicit(&places_hint, memory_order_relaxed);

	for (uint32_t i = 0; i < CTRACE_PLACES_MAX; i++) {
		uint32_t index = (first + i) % CTRACE_PLACES_MAX;

		if (try_place(&places[index], state)) {
			atomic_store_explicit(&places_hint, index + 1, memory_order_relaxed);
			raise_places_end(index + 1);
			return &places[index];
		}
	}
	return NULL;
}

/*
 * The switcher stores wishes, then walks the places; we publish the place, then
 * read wishes. Whoever comes second sees the other; if wishes changed while we
 * stored, store again. All of this sequentially consistent: it is rare.
 */
static uint16_t settle_state(uint16_t *state, const struct ctrace_entry *entry)
{
	const struct wishes *now;
	uint16_t value;

	atomic_fetch_add_explicit(&readers, 1, memory_order_seq_cst);
	do {
		now = atomic_load_explicit(&wishes, memory_order_seq_cst);
		value = is_wanted(now, entry) ? entry->code : 0;
		set_state(state, value);
	} while (now != atomic_load_explicit(&wishes, memory_order_seq_cst));
	atomic_fetch_sub_explicit(&readers, 1, memory_order_seq_cst);
	return value;
}

uint16_t ctrace_sites_meet(const struct ctrace_site_info *site)
{
	bool is_gone = *site->module == CTRACE_MODULE_GONE;
	const struct ctrace_entry *entry = NULL;
	struct place *place;

	/* A child whose fork ran no handlers would append to its parent's site log. */
	ctrace_gate_notice_fork();
	if (interned != NULL && !is_gone) {
		entry = intern(site);
	}
	place = entry != NULL ? take_place(site->state) : NULL;
	if (entry != NULL) {
		ctrace_site_log_add(entry);
	}
	if (place == NULL) {
		set_state(site->state, 0);
		return 0;
	}
	atomic_store_explicit(&place->module, site->module, memory_order_relaxed);
	atomic_store_explicit(&place->code, entry->code, memory_order_seq_cst);
	return settle_state(site->state, entry);
}

static void switch_places(const struct wishes *now)
{
	uint32_t end = atomic_load_explicit(&places_end, memory_order_seq_cst);

	for (uint32_t i = 0; i < end; i++) {
		uint16_t *state = atomic_load_explicit(&places[i].state, memory_order_acquire);
		uint32_t code = atomic_load_explicit(&places[i].code, memory_order_seq_cst);

		if (state != NULL && code != 0) {
			set_state(state,
				  is_wanted(now, ctrace_sites_entry(code)) ? (uint16_t)code : 0);
		}
	}
}

/* Old wishes go once no site is just being met. */
static void free_old_wishes(void)
{
	while (old_wishes != NULL && atomic_load_explicit(&readers, memory_order_seq_cst) == 0) {
		struct wishes *next = old_wishes->next_old;

		free(old_wishes);
		old_wishes = next;
	}
}

static struct wishes *copy_wishes(const char *const *lists, unsigned count)
{
	size_t bytes = sizeof(struct wishes) + count * sizeof(char *);
	size_t texts = bytes;
	struct wishes *made;

	for (unsigned i = 0; i < count; i++) {
		bytes += strlen(lists[i]) + 1;
	}
	made = calloc(1, bytes);
	if (made == NULL) {
		return NULL;
	}
	made->count = count;
	for (unsigned i = 0; i < count; i++) {
		made->lists[i] = strcpy((char *)made + texts, lists[i]);
		texts += strlen(lists[i]) + 1;
	}
	return made;
}

int ctrace_sites_switch(const char *const *lists, unsigned count)
{
	struct wishes *made = copy_wishes(lists, count);
	struct wishes *old;

	if (made == NULL) {
		return -ENOMEM;
	}
	if (count > 0) {
		__atomic_store_n(&ctrace_armed, 1, __ATOMIC_RELAXED);
	}
	pthread_mutex_lock(&places_lock);
	old = atomic_exchange_explicit(&wishes, made, memory_order_seq_cst);
	switch_places(made);
	if (old != NULL) {
		old->next_old = old_wishes;
		old_wishes = old;
	}
	free_old_wishes();
	pthread_mutex_unlock(&places_lock);
	return 0;
}

void ctrace_sites_want_always(const char *list)
{
	__atomic_store_n(&ctrace_armed, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&places_lock);
	atomic_store_explicit(&always, list, memory_order_seq_cst);
	switch_places(atomic_load_explicit(&wishes, memory_order_seq_cst));
	pthread_mutex_unlock(&places_lock);
}

bool ctrace_sites_try_want_no_more(void)
{
	if (pthread_mutex_trylock(&places_lock) != 0) {
		return false;
	}
	atomic_store_explicit(&always, NULL, memory_order_seq_cst);
	switch_places(atomic_load_explicit(&wishes, memory_order_seq_cst));
	pthread_mutex_unlock(&places_lock);
	return true;
}

bool ctrace_sites_are_always_wanted(void)
{
	return atomic_load_explicit(&always, memory_order_relaxed) != NULL;
}

bool ctrace_sites_log_all(void)
{
	uint32_t end = ctrace_sites_count() + 1;
	bool has_room = true;

	for (uint32_t code = 1; code < end && has_room; code++) {
		const struct ctrace_entry *entry = ctrace_sites_entry(code);

		has_room = entry == NULL || ctrace_site_log_add(entry);
	}
	return has_room;
}

__attribute__((no_sanitize_thread)) void ctrace_sites_fork_child(void)
{
	places_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	atomic_store_explicit(&readers, 0, memory_order_seq_cst);
	atomic_store_explicit(&wishes, NULL, memory_order_seq_cst);
	switch_places(NULL);
}

/* ---- modules ---- */

static void leave_place(struct place *place)
{
	atomic_store_explicit(&place->code, 0, memory_order_relaxed);
	atomic_store_explicit(&place->module, NULL, memory_order_relaxed);
	atomic_store_explicit(&place->state, NULL, memory_order_release);
}

void ctrace_module_leave(char *module)
{
	uint32_t end = atomic_load_explicit(&places_end, memory_order_seq_cst);

	if (*module != CTRACE_MODULE_KNOWN) {
		return;
	}
	*module = CTRACE_MODULE_GONE;
	pthread_mutex_lock(&places_lock);
	for (uint32_t i = 0; i < end; i++) {
		if (atomic_load_explicit(&places[i].module, memory_order_relaxed) == module) {
			leave_place(&places[i]);
		}
	}
	atomic_store_explicit(&places_hint, 0, memory_order_relaxed);
	pthread_mutex_unlock(&places_lock);
}
