/* SPDX-License-Identifier: MIT */
/*
 * TRACE_FLOW_*: an arrow from one span to another, here from who gives a job
 * away to who takes it, and back.
 */

#include <ctrace/trace.h>
#include <pthread.h>
#include <unistd.h>

static void *worker(void *argument)
{
	const uint64_t flow = *(const uint64_t *)argument;

	TRACE_THREAD_NAME("worker");
	TRACE_SPAN("do the job");
	TRACE_FLOW_STEP(flow);
	usleep(500);
	return NULL;
}

int main(void)
{
	uint64_t flow = ctrace_task_id();
	pthread_t thread;

	TRACE_THREAD_NAME("boss");
	{
		TRACE_SPAN("give");
		TRACE_FLOW_OUT(flow);
		pthread_create(&thread, NULL, worker, &flow);
	}
	pthread_join(thread, NULL);
	{
		TRACE_SPAN("look at the result");
		TRACE_FLOW_IN(flow);
		usleep(100);
	}
	return 0;
}
