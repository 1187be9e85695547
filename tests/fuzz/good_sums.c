/* SPDX-License-Identifier: MIT */

/* Checksums of header, chunks and trailer; see good_sums.h. */

#include "tests/fuzz/good_sums.h"

#include "format/chunk.h"
#include "format/crc32c.h"
#include "format/header.h"
#include "format/wire.h"

void fuzz_make_sums_good(uint8_t *bytes, size_t size)
{
	size_t at = CTRACE_FILE_HEADER_BYTES;

	if (size < at) {
		return;
	}
	ctrace_put_le(bytes + 60, ctrace_crc32c(bytes, 60), 4);
	while (size - at >= CTRACE_CHUNK_HEADER_BYTES) {
		struct ctrace_chunk_header header = ctrace_chunk_header_fields(bytes + at);
		size_t left = size - at - CTRACE_CHUNK_HEADER_BYTES;
		if (header.sync != CTRACE_CHUNK_SYNC) {
			at++;
			continue;
		}
		if (header.stored > left) {
			header.stored = (uint32_t)left;
		}
		header.payload_crc =
			ctrace_crc32c(bytes + at + CTRACE_CHUNK_HEADER_BYTES, header.stored);
		ctrace_chunk_header_encode(bytes + at, &header);
		at += CTRACE_CHUNK_HEADER_BYTES + header.stored;
	}
	if (size - at == CTRACE_TRAILER_BYTES) {
		ctrace_put_le(bytes + at + 24, ctrace_crc32c(bytes + at, 24), 4);
	}
}
