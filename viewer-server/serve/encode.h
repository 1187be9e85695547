/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_ENCODE_H
#define CTRACE_SERVE_ENCODE_H

/*
 * Tiles to bytes, as viewer-server/API.md lays them out.
 *
 * Thread: any.  Blocks: no.  Allocates: no.
 */

#include "viewer-server/model/tile.h"

#include <stddef.h>

#define CTRACE_TILES_HEADER_BYTES 32u
/*
 * The largest tile: a header, then either real spans (26 bytes) with span buckets (20), or counter
 * buckets (46) and the value before; each of at most ten columns is padded by up to 7 bytes.
 */
#define CTRACE_TILE_BYTES_MAX                                                                      \
	(32u + CTRACE_TILE_REAL_MAX * 26u + CTRACE_TILE_BUCKETS * 46u + 8u + 16u * 8u)

struct ctrace_tiles_header {
	uint32_t bytes, seq, tiles, generation;
};

void ctrace_encode_tiles_header(const struct ctrace_tiles_header *header,
				uint8_t out[CTRACE_TILES_HEADER_BYTES]);

/*
 * Write `tile` to `out`, which has room for CTRACE_TILE_BYTES_MAX and stands at a multiple of 8
 * from the message's begin. Returns its length, a multiple of 8.
 */
size_t ctrace_encode_tile(const struct ctrace_tile *tile, uint8_t *out);

#endif
