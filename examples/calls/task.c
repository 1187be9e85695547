/* SPDX-License-Identifier: MIT */
/*
 * TRACE_TASK_*: work that crosses threads. A task has a beginning, stages and an
 * end, on whatever threads; spans in its scope belong to it.
 */

#include <ctrace/trace.h>
#include <pthread.h>
#include <unistd.h>

static void *upload(void *argument)
{
	const uint64_t task = *(const uint64_t *)argument;

	TRACE_THREAD_NAME("uploader");
	TRACE_TASK_SCOPE(task);
	TRACE_SPAN("upload");
	TRACE_TASK_STEP(task, "uploading");
	usleep(1000);
	return NULL;
}

int main(void)
{
	const uint64_t backup = ctrace_task_id();
	uint64_t file = ctrace_task_id();
	pthread_t thread;

	TRACE_TASK_BEGIN(backup, 0, "backup");
	TRACE_TASK_BEGIN(file, backup, "back up a file", TRACE_STR("path", "notes.txt"));
	{
		TRACE_TASK_SCOPE(file);
		TRACE_SPAN("compress");
		usleep(500);
	}
	pthread_create(&thread, NULL, upload, &file);
	pthread_join(thread, NULL);
	TRACE_TASK_END(file);
	TRACE_TASK_END(backup);
	return 0;
}
