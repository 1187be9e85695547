// SPDX-License-Identifier: MIT
// Programs that are not ours see the spans that were recorded: no more, no fewer.

import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {after, before, describe, test} from 'node:test'
import {readInDevtools} from './devtools.mjs'
import {spansInSpeedscope} from './speedscope.mjs'

const {CTRACE, TRACE_MAKER, REQUESTS_TRACE} = process.env
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ctrace-clients-'))
after(() => fs.rmSync(folder, {recursive: true}))

const ascending = numbers => [...numbers].sort((a, b) => a - b)

function convert(trace) {
  const json = trace.replace('.trace', '.json')
  execFileSync(CTRACE, ['convert', '--quiet', trace, '-o', json])
  const events = JSON.parse(fs.readFileSync(json, 'utf8')).traceEvents
  const spans = new Map()
  const empty = new Map()
  for (const event of events.filter(({ph}) => ph === 'X' || ph === 'B')) {
    spans.set(event.tid, (spans.get(event.tid) ?? 0) + 1)
    empty.set(event.tid, (empty.get(event.tid) ?? 0) + (event.dur === 0 || event.ph === 'B' ? 1 : 0))
  }
  return {json, events, spans, empty}
}

function countByPhase(events, tid) {
  const counts = {}
  for (const event of events.filter(one => one.tid === tid)) {
    counts[event.ph] = (counts[event.ph] ?? 0) + 1
  }
  return counts
}

describe('a service with tasks, flows, counters and logs', () => {
  let made, trace
  before(() => {
    const file = path.join(folder, 'requests.trace')
    made = JSON.parse(execFileSync(REQUESTS_TRACE, [file], {encoding: 'utf8'})).threads
    trace = convert(file)
  })

  test('ctrace convert gives every event that was written', () => {
    for (const thread of made) {
      const {X = 0, B = 0, C = 0, i = 0, b = 0, n = 0, s = 0, f = 0} = countByPhase(trace.events, thread.tid)
      assert.deepEqual(
        {X, B, C, i, b, n, flows: s + f},
        {X: thread.spans, B: thread.unfinished, C: thread.counters, i: thread.instants + thread.logs, b: thread.tasks,
         n: thread.steps, flows: thread.flows})
    }
    const ended = trace.events.filter(event => event.ph === 'e').length
    assert.equal(ended, made[0].tasks)
  })

  test('spans of a request carry its task', () => {
    const handlers = trace.events.filter(event => event.name === 'handle')
    const ids = new Set(trace.events.filter(event => event.ph === 'b').map(event => event.id))
    assert.equal(handlers.length, made[0].tasks)
    assert.ok(handlers.every(({args}) => ids.has(args.task) && args.task === args.id))
  })

  test('the trace engine of DevTools sees as many spans', async () => {
    const seen = await readInDevtools(trace.json)
    assert.equal(seen.events, trace.events.length)
    assert.deepEqual(Object.fromEntries(seen.spans),
                     Object.fromEntries(made.map(({tid, spans, unfinished}) => [tid, spans + unfinished])))
  })

  test('speedscope sees as many spans', async () => {
    const seen = await spansInSpeedscope(trace.json)
    assert.deepEqual(seen, ascending(made.map(({spans, unfinished}) => spans + unfinished)))
  })
})

describe('50,000 nested spans', () => {
  let trace
  before(() => {
    const file = path.join(folder, 'plain.trace')
    execFileSync(TRACE_MAKER, ['11', '--events', '100000', '--threads', '6', '--plain-spans', '-o', file])
    trace = convert(file)
  })

  test('the trace engine of DevTools sees as many', async () => {
    const {spans} = await readInDevtools(trace.json)
    assert.deepEqual(Object.fromEntries(spans), Object.fromEntries(trace.spans))
  })

  test('speedscope sees as many', async () => {
    assert.deepEqual(await spansInSpeedscope(trace.json), ascending(trace.spans.values()))
  })
})

describe('hostile names, ends without begins, threads that lose events', () => {
  const seeds = [1, 3]
  let traces
  before(() => {
    traces = seeds.map(seed => {
      const file = path.join(folder, `odd-${seed}.trace`)
      execFileSync(TRACE_MAKER, [String(seed), '-o', file])
      return convert(file)
    })
  })

  test('the trace engine of DevTools sees all spans of every thread', async () => {
    for (const trace of traces) {
      const {events, spans} = await readInDevtools(trace.json)
      assert.equal(events, trace.events.length)
      assert.deepEqual(Object.fromEntries(spans), Object.fromEntries(trace.spans))
    }
  })

  // speedscope gives each moment one stack, so it may drop spans of no length; one that is open at the thread's last
  // moment has none for it either.
  test('speedscope sees all spans that have a length', async () => {
    for (const trace of traces) {
      const seen = await spansInSpeedscope(trace.json)
      const sum = numbers => [...numbers].reduce((a, b) => a + b, 0)
      assert.equal(seen.length, trace.spans.size)
      assert.ok(sum(seen) <= sum(trace.spans.values()))
      assert.ok(sum(seen) >= sum(trace.spans.values()) - sum(trace.empty.values()))
    }
  })
})
