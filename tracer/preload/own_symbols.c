/* SPDX-License-Identifier: MIT */

/* The table of symbols; see own_symbols.h. */

#include "tracer/preload/own_symbols.h"

#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/* Of the linker, as _DYNAMIC: our own. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

struct table {
	ElfW(Sym) * symbols;
	const char *names;
	const uint32_t *hash; /* GNU's: buckets, first symbol in it, words of a filter, shift */
};

/* Some loaders put addresses in place of offsets. */
static const void *at(const ElfW(Dyn) * entry)
{
	uintptr_t base = (uintptr_t)__ehdr_start, value = entry->d_un.d_ptr;

	return (const void *)(value < base ? base + value : value); /* NOLINT: it is a pointer */
}

static struct table own_table(void)
{
	struct table table = {.symbols = NULL};

	for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_SYMTAB) {
			table.symbols = (ElfW(Sym) *)at(entry);
		} else if (entry->d_tag == DT_STRTAB) {
			table.names = at(entry);
		} else if (entry->d_tag == DT_GNU_HASH) {
			table.hash = at(entry);
		}
	}
	return table;
}

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name != '\0'; name++) {
		hash = hash * 33 + (unsigned char)*name;
	}
	return hash;
}

/* NULL: there is none. */
static ElfW(Sym) * find(const struct table *table, const char *name)
{
	uint32_t count = table->hash[0], first = table->hash[1], hash = hash_of(name);
	const uint32_t *buckets = table->hash + 4 + table->hash[2] * (sizeof(ElfW(Addr)) / 4);
	const uint32_t *chain = buckets + count;
	uint32_t i = buckets[hash % count];

	/* The lowest bit says that a chain ends. */
	for (; i >= first; i++) {
		uint32_t its = chain[i - first];

		if ((its | 1) == (hash | 1) &&
		    strcmp(table->names + table->symbols[i].st_name, name) == 0) {
			return &table->symbols[i];
		}
		if ((its & 1) != 0) {
			break;
		}
	}
	return NULL;
}

/* The table lies in a segment that is only read (-z separate-code). */
static bool protect(const ElfW(Sym) * first, const ElfW(Sym) * last, int rights)
{
	uintptr_t from = (uintptr_t)first & ~(getauxval(AT_PAGESZ) - 1);

	/* NOLINTNEXTLINE: it was a pointer */
	return mprotect((void *)from, (uintptr_t)(last + 1) - from, rights) == 0;
}

static void hide(ElfW(Sym) *const *list, size_t count)
{
	ElfW(Sym) *first = list[0], *last = list[0];

	for (size_t i = 1; i < count; i++) {
		first = list[i] < first ? list[i] : first;
		last = list[i] > last ? list[i] : last;
	}
	if (!protect(first, last, PROT_READ | PROT_WRITE)) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		list[i]->st_value = 0;
	}
	protect(first, last, PROT_READ);
}

void ctrace_own_symbols_hide(const char *const *names, size_t count)
{
	const struct table table = own_table();
	ElfW(Sym) * found[CTRACE_OWN_SYMBOLS_MAX];
	size_t have = 0;
	int saved = errno;

	if (table.symbols == NULL || table.names == NULL || table.hash == NULL) {
		return;
	}
	for (size_t i = 0; i < count && have < CTRACE_OWN_SYMBOLS_MAX; i++) {
		found[have] = find(&table, names[i]);
		have += found[have] != NULL;
	}
	if (have > 0) {
		hide(found, have);
	}
	errno = saved;
}
