/* SPDX-License-Identifier: MIT */
/* The order in which a page is told things; see page.h. */

#include "viewer-server/serve/page.h"

#include "viewer-server/serve/answer.h"
#include "viewer-server/serve/hello.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A text message that goes out in pieces. */
struct text {
	struct text *next;
	const char *bytes;
	char *owned; /* NULL: borrowed */
	size_t size, sent;
};

struct view {
	uint32_t seq;
	struct ctrace_view_entry *entries; /* owned */
	uint32_t count;
	uint32_t entry, tile; /* next to send */
};

struct ctrace_page {
	const struct ctrace_desk *desk;
	struct text *first, **last; /* by next */
	size_t waiting_bytes;
	uint64_t progress_version;
	bool has_hello, has_names;
	uint32_t names_sent;
	bool has_view;
	struct view view;
	struct ctrace_job *jobs; /* by next_in_page, oldest first */
	unsigned job_count;
	struct ctrace_tile tile; /* scratch: 60 KB, too much for the stack of every callback */
};

enum ctrace_status ctrace_page_create(struct ctrace_page **page, const struct ctrace_desk *desk)
{
	*page = calloc(1, sizeof(**page));
	if (*page == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	(*page)->desk = desk;
	(*page)->last = &(*page)->first;
	return CTRACE_OK;
}

static void pop_text(struct ctrace_page *page)
{
	struct text *text = page->first;
	page->first = text->next;
	page->last = page->first == NULL ? &page->first : page->last;
	page->waiting_bytes -= text->owned != NULL ? text->size : 0;
	free(text->owned);
	free(text);
}

void ctrace_page_destroy(struct ctrace_page *page)
{
	if (page == NULL) {
		return;
	}
	while (page->first != NULL) {
		pop_text(page);
	}
	while (page->jobs != NULL) {
		struct ctrace_job *job = page->jobs;
		page->jobs = job->next_in_page;
		ctrace_job_release(job);
	}
	free(page->view.entries);
	free(page);
}

/* Takes `owned`, which may be NULL for borrowed bytes. Without memory the message is lost. */
static void push_text(struct ctrace_page *page, const char *bytes, char *owned, size_t size)
{
	struct text *text = bytes != NULL ? calloc(1, sizeof(*text)) : NULL;
	if (text == NULL) {
		free(owned);
		return;
	}
	*text = (struct text){NULL, bytes, owned, size, 0};
	*page->last = text;
	page->last = &text->next;
	page->waiting_bytes += owned != NULL ? size : 0;
}

bool ctrace_page_is_stuffed(const struct ctrace_page *page)
{
	return page->waiting_bytes > CTRACE_PENDING_BYTES_MAX;
}

static void complain(struct ctrace_page *page, const struct ctrace_req *req, const char *text)
{
	size_t size;
	char *error = ctrace_answer_error(req, text, &size);
	push_text(page, error, error, size);
}

static void drop_jobs(struct ctrace_page *page,
		      bool (*is_dropped)(const struct ctrace_message *question,
					 const void *context),
		      const void *context)
{
	struct ctrace_job **link = &page->jobs;
	while (*link != NULL) {
		struct ctrace_job *job = *link;
		if (!is_dropped(&job->question, context)) {
			link = &job->next_in_page;
			continue;
		}
		*link = job->next_in_page;
		page->job_count--;
		ctrace_job_release(job);
	}
}

static bool is_of_req(const struct ctrace_message *question, const void *req)
{
	return ctrace_req_is_equal(&question->req, req);
}

static bool is_of_older_view(const struct ctrace_message *question, const void *seq)
{
	return question->has_seq && question->seq < *(const uint32_t *)seq;
}

/* The list is kept as it is: tiles are made when there is room. */
static void take_view(struct ctrace_page *page, struct ctrace_message *message)
{
	if (page->has_view && message->seq <= page->view.seq) {
		return;
	}
	free(page->view.entries);
	page->has_view = true;
	page->view = (struct view){
		.seq = message->seq,
		.entries = message->entries,
		.count = message->entry_count,
	};
	message->entries = NULL;
	drop_jobs(page, is_of_older_view, &page->view.seq);
}

static struct ctrace_worker *worker_for(const struct ctrace_desk *desk,
					enum ctrace_message_type type)
{
	switch (type) {
	case CTRACE_MESSAGE_RANGE:
	case CTRACE_MESSAGE_SPLIT:
	case CTRACE_MESSAGE_FLAME:
	case CTRACE_MESSAGE_SLEEPS:
	case CTRACE_MESSAGE_PAUSES:
	case CTRACE_MESSAGE_FIND:
	case CTRACE_MESSAGE_SEARCH:
		return desk->slow;
	case CTRACE_MESSAGE_HEAP:
	case CTRACE_MESSAGE_LOCKS:
		return desk->walks;
	default:
		return desk->quick;
	}
}

static void ask_take(struct ctrace_page *page, struct ctrace_message *question)
{
	struct ctrace_worker *worker = worker_for(page->desk, question->type);
	struct ctrace_job *job = ctrace_job_create_take(question);
	if (job == NULL) {
		return;
	}
	struct ctrace_job **link = &page->jobs;
	while (*link != NULL) {
		link = &(*link)->next_in_page;
	}
	*link = job;
	page->job_count++;
	ctrace_worker_submit(worker, job);
}

static void act(struct ctrace_page *page, struct ctrace_message *message)
{
	if (message->type == CTRACE_MESSAGE_VIEW) {
		take_view(page, message);
	} else if (message->type == CTRACE_MESSAGE_CANCEL) {
		drop_jobs(page, is_of_req, &message->req);
	} else if (!page->has_hello) {
		complain(page, &message->req, "The trace is still being read.");
	} else if (page->has_view && is_of_older_view(message, &page->view.seq)) {
		return; /* nobody waits for it any more */
	} else if (page->job_count == CTRACE_QUESTIONS_MAX) {
		complain(page, &message->req, "64 questions are open, which is the limit.");
	} else {
		ask_take(page, message);
	}
}

void ctrace_page_receive(struct ctrace_page *page, const char *bytes, size_t size)
{
	struct ctrace_message message;
	const char *wrong = ctrace_message_init(&message, bytes, size);
	if (wrong != NULL) {
		complain(page, &message.req, wrong);
	} else {
		act(page, &message);
	}
	ctrace_message_finish(&message);
}

/* Progress and hello, once each time the loader has something new. */
static void push_news(struct ctrace_page *page)
{
	struct ctrace_loader_view view;
	ctrace_loader_look(page->desk->loader, &view);
	bool is_early = view.state == CTRACE_LOADER_READY && page->desk->walks == NULL;
	if (page->has_hello || is_early || view.version == page->progress_version) {
		return;
	}
	page->progress_version = view.version;
	if (view.state == CTRACE_LOADER_READY) {
		page->has_hello = true;
		push_text(page, view.hello, NULL, view.hello_size);
	} else if (view.state == CTRACE_LOADER_FAILED) {
		complain(page, NULL, view.error.text);
	} else {
		size_t size;
		char *text = ctrace_answer_progress(view.stage, view.done, view.total, &size);
		push_text(page, text, text, size);
	}
}

static const struct ctrace_model *model_of(const struct ctrace_page *page)
{
	struct ctrace_loader_view view;
	ctrace_loader_look(page->desk->loader, &view);
	return view.model;
}

/* One part of the names, if there are more. */
static void push_names(struct ctrace_page *page)
{
	const struct ctrace_model *model = model_of(page);
	page->has_names = page->names_sent == ctrace_model_name_count(model);
	if (!page->has_names) {
		size_t size;
		char *text = ctrace_names_make(model, page->names_sent, &page->names_sent, &size);
		push_text(page, text, text, size);
	}
}

static void push_so_far(struct ctrace_page *page, struct ctrace_job *job)
{
	char *text = ctrace_job_take_so_far(job);
	if (text != NULL) {
		push_text(page, text, text, strlen(text));
	}
}

static void push_answers(struct ctrace_page *page)
{
	struct ctrace_job **link = &page->jobs;
	while (*link != NULL) {
		struct ctrace_job *job = *link;
		if (!atomic_load_explicit(&job->is_done, memory_order_acquire)) { /* [D] */
			push_so_far(page, job);
			link = &job->next_in_page;
			continue;
		}
		*link = job->next_in_page;
		page->job_count--;
		push_text(page, job->answer, job->answer, job->answer_size);
		job->answer = NULL;
		ctrace_job_release(job);
	}
}

static bool text_piece(struct ctrace_page *page, uint8_t *room, struct ctrace_piece *piece)
{
	struct text *text = page->first;
	if (text == NULL) {
		return false;
	}
	size_t left = text->size - text->sent;
	piece->size = left < CTRACE_PIECE_BYTES ? left : CTRACE_PIECE_BYTES;
	piece->is_first = text->sent == 0;
	piece->is_last = piece->size == left;
	memcpy(room, text->bytes + text->sent, piece->size);
	text->sent += piece->size;
	if (piece->is_last) {
		pop_text(page);
	}
	return true;
}

static uint64_t now_us(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* The next tile of the view that exists; false at its end. */
static bool next_tile(struct ctrace_page *page, const struct ctrace_model *model)
{
	struct view *view = &page->view;
	while (view->entry < view->count) {
		const struct ctrace_view_entry *entry = &view->entries[view->entry];
		if (view->tile == entry->count) {
			view->entry++;
			view->tile = 0;
			continue;
		}
		uint32_t number = entry->first + view->tile++;
		if (ctrace_tile_make(model, entry->lane, entry->level, number, &page->tile) ==
		    CTRACE_OK) {
			return true;
		}
		complain(page, NULL, "There is no such lane.");
		view->entry++;
		view->tile = 0;
	}
	return false;
}

static bool tiles_piece(struct ctrace_page *page, uint8_t *room, struct ctrace_piece *piece)
{
	const struct ctrace_model *model = model_of(page);
	uint64_t until_us = now_us() + CTRACE_BATCH_US;
	size_t size = CTRACE_TILES_HEADER_BYTES;
	uint32_t tiles = 0;
	while (size < CTRACE_BATCH_BYTES && next_tile(page, model)) {
		size += ctrace_encode_tile(&page->tile, room + size);
		tiles++;
		if (now_us() >= until_us) {
			break;
		}
	}
	if (tiles == 0) {
		return false;
	}
	struct ctrace_tiles_header header = {(uint32_t)size, page->view.seq, tiles, 1};
	ctrace_encode_tiles_header(&header, room);
	*piece = (struct ctrace_piece){size, true, true, true};
	return true;
}

bool ctrace_page_piece(struct ctrace_page *page, uint8_t *room, struct ctrace_piece *piece)
{
	*piece = (struct ctrace_piece){.is_binary = false};
	if (page->first == NULL) {
		push_news(page);
	}
	if (page->first == NULL && page->has_hello && !page->has_names) {
		push_names(page);
	}
	if (page->has_names) {
		push_answers(page);
	}
	if (text_piece(page, room, piece)) {
		return true;
	}
	return page->has_names && (tiles_piece(page, room, piece) || text_piece(page, room, piece));
}
