/* SPDX-License-Identifier: MIT */
/* Chunks around what viewer-server/export gives; see download.h. */

#include "viewer-server/serve/download.h"

#include "viewer-server/export/chrome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A chunk's length with its line end: always eight digits, so that it can be written last. */
#define LENGTH_BYTES   10
#define NAME_MAX_BYTES 100

struct ctrace_download {
	struct ctrace_chrome *chrome;
};

enum ctrace_status ctrace_download_create(struct ctrace_download **download,
					  const struct ctrace_trace *trace,
					  const struct ctrace_trace_query *query)
{
	struct ctrace_chrome_settings settings = {
		.start = query->start,
		.end = query->end,
		.has_end = query->has_end,
		.threads = query->threads,
		.thread_count = query->thread_count,
	};
	*download = calloc(1, sizeof(**download));
	if (*download == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	enum ctrace_status status =
		ctrace_chrome_create(&(*download)->chrome, trace, &settings, NULL);
	if (status != CTRACE_OK) {
		ctrace_download_destroy(*download);
		*download = NULL;
	}
	return status;
}

enum ctrace_status ctrace_download_read(struct ctrace_download *download, char *room, size_t *size)
{
	char length[LENGTH_BYTES + 1];
	size_t got = 0;
	enum ctrace_status status = ctrace_chrome_read(download->chrome, room + LENGTH_BYTES,
						       CTRACE_PIECE_BYTES, &got, NULL);
	*size = 0;
	if (status == CTRACE_END) {
		memcpy(room, "0\r\n\r\n", 5);
		*size = 5;
	} else if (status == CTRACE_OK && got > 0) {
		snprintf(length, sizeof(length), "%08x\r\n", (unsigned)got);
		memcpy(room, length, LENGTH_BYTES);
		memcpy(room + LENGTH_BYTES + got, "\r\n", 2);
		*size = LENGTH_BYTES + got + 2;
	}
	return status;
}

void ctrace_download_destroy(struct ctrace_download *download)
{
	if (download != NULL) {
		ctrace_chrome_destroy(download->chrome);
		free(download);
	}
}

/* A name that every file system takes and no header is broken by. */
static void clean_name(const char *name, char out[NAME_MAX_BYTES + 1])
{
	size_t size = 0;
	for (; size < NAME_MAX_BYTES && name[size] != '\0'; size++) {
		char c = name[size];
		bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
				(c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
				(c == '.' && size > 0);
		out[size] = is_plain ? c : '_';
	}
	out[size] = '\0';
}

void ctrace_download_fields(const char *name, char *fields, size_t size)
{
	char clean[NAME_MAX_BYTES + 1];
	clean_name(name, clean);
	snprintf(fields, size,
		 "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
		 "Content-Disposition: attachment; filename=\"%s.json\"\r\n"
		 "Cache-Control: no-store\r\n",
		 clean);
}
