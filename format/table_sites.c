/* SPDX-License-Identifier: MIT */
/* A reader's table of sites: by number, in pages, for they may be spread over 24 bits. */

#include "format/rows.h"
#include "format/table_walk.h"

#include <stdlib.h>
#include <string.h>

static bool is_same_site(const struct ctrace_site *a, const struct ctrace_site *b)
{
	return a->kind == b->kind && a->name == b->name && a->category == b->category &&
	       a->file == b->file && a->function == b->function && a->line == b->line &&
	       a->arg_count == b->arg_count &&
	       memcmp(a->arg_types, b->arg_types, sizeof(a->arg_types)) == 0 &&
	       memcmp(a->arg_names, b->arg_names, sizeof(a->arg_names)) == 0;
}

/* Where the site of that id stands or will stand; NULL without memory. */
static const struct ctrace_site **site_place(struct ctrace_tables *tables, uint32_t id)
{
	if (tables->site_pages == NULL) {
		tables->site_pages = calloc(CTRACE_SITE_PAGES, sizeof(struct ctrace_site_page *));
	}
	if (tables->site_pages == NULL) {
		return NULL;
	}
	struct ctrace_site_page **page = &tables->site_pages[id >> CTRACE_SITE_PAGE_BITS];
	if (*page == NULL) {
		*page = calloc(1, sizeof(**page));
	}
	return *page == NULL ? NULL : &(*page)->sites[id & (CTRACE_SITE_PAGE_SIZE - 1)];
}

static bool take_site(struct ctrace_table_walk *walk, struct ctrace_wire wire)
{
	struct ctrace_tables *tables = walk->tables;
	struct ctrace_site row;

	ctrace_row_get_site(wire, &row);
	const struct ctrace_site **place = site_place(tables, row.id);

	if (place == NULL) {
		return ctrace_table_no_memory(walk);
	}
	if (*place != NULL) {
		return is_same_site(*place, &row) ||
		       ctrace_table_refuse(walk, CTRACE_ERR_DAMAGED,
					   "a site is redefined with another content");
	}
	if (tables->site_count == CTRACE_SITES_MAX) {
		return ctrace_table_refuse(walk, CTRACE_ERR_LIMIT,
					   "the limit of 1000000 sites is passed");
	}
	struct ctrace_site *copy = ctrace_arena_take(&tables->site_arena, sizeof(*copy));
	if (copy == NULL) {
		return ctrace_table_no_memory(walk);
	}
	*copy = row;
	*place = copy;
	tables->site_count++;
	tables->unknown_kinds += ctrace_kind_info(row.kind) == NULL;
	if (row.id >= tables->site_end) {
		tables->site_end = row.id + 1;
	}
	return true;
}

static bool is_defined(const struct ctrace_tables *tables, struct ctrace_wire wire)
{
	return ctrace_tables_site(tables, ctrace_wire_varint(&wire)) != NULL;
}

/* Its memory goes with the arena. */
static void forget_site(struct ctrace_tables *tables, struct ctrace_wire wire)
{
	struct ctrace_site row;

	ctrace_row_get_site(wire, &row);
	tables->unknown_kinds -= ctrace_kind_info(row.kind) == NULL;
	*site_place(tables, row.id) = NULL;
	tables->site_count--;
}

bool ctrace_table_add_sites(struct ctrace_table_walk *walk, uint32_t rows)
{
	static const struct ctrace_table_once once = {is_defined, take_site, forget_site};
	struct ctrace_tables *tables = walk->tables;
	struct ctrace_arena_mark mark = ctrace_arena_mark(&tables->site_arena);
	uint32_t end = tables->site_end;

	if (ctrace_table_take_once(walk, rows, &once)) {
		return true;
	}
	tables->site_end = end;
	ctrace_arena_rewind(&tables->site_arena, mark);
	return false;
}

void ctrace_table_finish_sites(struct ctrace_tables *tables)
{
	for (uint32_t i = 0; tables->site_pages != NULL && i < CTRACE_SITE_PAGES; i++) {
		free(tables->site_pages[i]);
	}
	free(tables->site_pages);
	ctrace_arena_finish(&tables->site_arena);
}
