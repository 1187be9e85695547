/* SPDX-License-Identifier: MIT */

/*
 * A program that uses libgc, for test_gc.py. It prints what the trace has to say of it.
 *
 *     gc-host count        threads that run, and five collections: all so far, and the threads'
 * tids gc-host live         a tree of known size that is kept, then dropped: the heap's bytes and
 * those that are alive after the last two collections gc-host handlers     handlers of its own,
 * set, replaced and taken away: what the getters say, and how often each was called gc-host
 * incremental  pieces of collections, as its own handler counts them gc-host stop collections that
 * a stop function gives up: how many; it sleeps after each gc-host fork         a child that
 * collects after a fork: both pids gc-host storm        threads that allocate and collect at once:
 * their sums
 */

#define GC_THREADS
#include <gc/gc.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS	     3
#define COLLECTIONS  5
#define TREE_BYTES   (8u << 20)
#define BLOCK_BYTES  4096u
#define STORM_ROUNDS 2000

static atomic_bool is_over;
static atomic_int started;
static pid_t tids[THREADS];
static void *volatile kept;

static void *run_until_over(void *number)
{
	tids[(size_t)number] = gettid();
	atomic_fetch_add(&started, 1);
	while (!atomic_load(&is_over)) {
		usleep(100);
	}
	return NULL;
}

static void start_threads(pthread_t *threads)
{
	for (size_t i = 0; i < THREADS; i++) {
		GC_pthread_create(&threads[i], NULL, run_until_over, (void *)i);
	}
	while (atomic_load(&started) < THREADS) {
		usleep(100);
	}
}

static void join_threads(const pthread_t *threads)
{
	atomic_store(&is_over, true);
	for (size_t i = 0; i < THREADS; i++) {
		GC_pthread_join(threads[i], NULL);
	}
}

static int count(void)
{
	pthread_t threads[THREADS];

	start_threads(threads);
	for (int i = 0; i < COLLECTIONS; i++) {
		GC_gcollect();
	}
	join_threads(threads);
	printf("%lu", (unsigned long)GC_get_gc_no());
	for (size_t i = 0; i < THREADS; i++) {
		printf(" %d", tids[i]);
	}
	printf("\n");
	return 0;
}

/* ---- sizes ---- */

struct node {
	struct node *next;
	char rest[BLOCK_BYTES - 64];
};

static struct node *make_tree(void)
{
	struct node *top = NULL;

	for (size_t bytes = 0; bytes < TREE_BYTES; bytes += BLOCK_BYTES) {
		struct node *node = GC_MALLOC(sizeof(*node));

		node->next = top;
		top = node;
	}
	return top;
}

static void collect_and_say(void)
{
	GC_gcollect();
	printf("%zu %zu ", GC_get_heap_size(), GC_get_heap_size() - GC_get_free_bytes());
}

static int live(void)
{
	kept = make_tree();
	collect_and_say();
	kept = NULL;
	collect_and_say();
	printf("\n");
	return 0;
}

/* ---- handlers of its own ---- */

static int events_seen, old_seen, resizes_seen, stopped_seen;

static void GC_CALLBACK see_old(GC_EventType event)
{
	old_seen += event == GC_EVENT_END;
}

static void GC_CALLBACK see_event(GC_EventType event)
{
	events_seen += event == GC_EVENT_END;
}

static void GC_CALLBACK see_thread(GC_EventType event, void *thread)
{
	(void)thread;
	stopped_seen += event == GC_EVENT_THREAD_SUSPENDED;
}

static void GC_CALLBACK see_resize(GC_word bytes)
{
	resizes_seen += bytes > 0;
}

static int are_own(GC_on_collection_event_proc expected)
{
	return GC_get_on_collection_event() == expected && GC_get_on_thread_event() == see_thread &&
	       GC_get_on_heap_resize() == see_resize;
}

static int handlers(void)
{
	pthread_t threads[THREADS];
	int is_none = GC_get_on_collection_event() == 0 && GC_get_on_thread_event() == 0 &&
		      GC_get_on_heap_resize() == 0;
	int is_first, is_second, is_last;

	GC_set_on_thread_event(see_thread);
	GC_set_on_heap_resize(see_resize);
	GC_set_on_collection_event(see_old);
	start_threads(threads);
	is_first = are_own(see_old);
	GC_gcollect();
	GC_set_on_collection_event(see_event);
	is_second = are_own(see_event);
	GC_gcollect();
	GC_gcollect();
	GC_set_on_collection_event(0);
	is_last = GC_get_on_collection_event() == 0;
	GC_gcollect();
	join_threads(threads);
	kept = make_tree();
	printf("%d %d %d %d | %d %d %d %d\n", is_none, is_first, is_second, is_last, old_seen,
	       events_seen, stopped_seen, resizes_seen > 0);
	return 0;
}

/* ---- pieces ---- */

static int stops_seen, reclaims_seen;

static void GC_CALLBACK see_pieces(GC_EventType event)
{
	stops_seen += event == GC_EVENT_PRE_STOP_WORLD;
	reclaims_seen += event == GC_EVENT_RECLAIM_END;
}

static int incremental(void)
{
	GC_enable_incremental();
	GC_set_time_limit(1);
	for (int i = 0; i < 20; i++) {
		kept = make_tree();
	}
	printf("%d %d\n", stops_seen, reclaims_seen);
	return 0;
}

static int asked, patience;

static int GC_CALLBACK has_waited(void)
{
	return asked++ >= patience;
}

/* Each at another point. */
static int stop(void)
{
	int given_up = 0;

	for (patience = 1; patience < 10; patience++) {
		kept = make_tree();
		asked = 0;
		given_up += GC_try_to_collect(has_waited) == 0;
		usleep(1000);
	}
	printf("%d\n", given_up);
	return 0;
}

/* ---- processes and threads ---- */

static int fork_and_collect(void)
{
	pid_t child;
	int status;

	GC_gcollect();
	child = fork();
	if (child == 0) {
		GC_gcollect();
		GC_gcollect();
		_exit(0);
	}
	waitpid(child, &status, 0);
	GC_gcollect();
	printf("%d %d\n", getpid(), child);
	return status;
}

static void *allocate_and_collect(void *sum)
{
	for (size_t i = 0; i < STORM_ROUNDS; i++) {
		size_t *block = GC_MALLOC(1000);

		*block = i;
		*(size_t *)sum += *block;
		if (i % 100 == 0) {
			GC_gcollect();
		}
	}
	return NULL;
}

static int storm(void)
{
	pthread_t threads[THREADS];
	size_t sums[THREADS] = {0};

	for (size_t i = 0; i < THREADS; i++) {
		GC_pthread_create(&threads[i], NULL, allocate_and_collect, &sums[i]);
	}
	for (size_t i = 0; i < THREADS; i++) {
		GC_pthread_join(threads[i], NULL);
		printf("%zu ", sums[i]);
	}
	printf("\n");
	return 0;
}

static int run(const char *way)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} ways[] = {{"count", count},
		    {"live", live},
		    {"handlers", handlers},
		    {"incremental", incremental},
		    {"fork", fork_and_collect},
		    {"stop", stop},
		    {"storm", storm}};

	if (strcmp(way, "incremental") == 0) {
		GC_set_on_collection_event(see_pieces); /* before libgc is initialised */
	}
	GC_set_handle_fork(1);
	GC_INIT();
	GC_allow_register_threads();
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(ways[i].name, way) == 0) {
			return ways[i].run();
		}
	}
	fprintf(stderr, "gc-host: no way %s\n", way);
	return 2;
}

int main(int argc, char **argv)
{
	return argc == 2 ? run(argv[1]) : 2;
}
