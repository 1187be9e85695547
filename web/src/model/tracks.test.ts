// SPDX-License-Identifier: MIT
import {deepEqual, equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import {makeTrace, type Lane, type Track, type TraceFacts} from './trace'
import {boxAt, layOut, rowAt, rowsBetween, type LayoutChoice} from './tracks'

const facts: TraceFacts = {
  name: 't',
  bytes: 1,
  events: 1,
  duration: 1e9,
  first: 0,
  wall_start_ns: '0',
  lost: 0,
  is_finished: true,
  clock: 'TSC',
  meta: [],
  damage: [],
  repaired: 0,
}
const track = (id: number, parent: number, kind: Track['kind']): Track => ({
  id,
  parent,
  kind,
  label: `${kind} ${id}`,
  pid: 1,
  tid: id,
  events: 1,
  lost: 0,
})
const lane = (id: number, of: number, kind: Lane['kind'], depth = 0): Lane => ({
  id,
  track: of,
  kind,
  depth,
  events: 1,
})
const trace = makeTrace(
  1,
  facts,
  [track(0, -1, 'process'), track(1, 0, 'thread'), track(2, 0, 'counters')],
  [
    lane(0, 1, 'instant'),
    lane(1, 1, 'span'),
    lane(2, 1, 'span', 1),
    lane(3, 1, 'gap'),
    lane(4, 2, 'counter'),
  ],
)
const none: LayoutChoice = {collapsed: new Set(), pinned: new Set(), hidden: new Set()}

test('rows do not overlap and every lane has a place', () => {
  const layout = layOut(trace, none)
  layout.rows.forEach((row, i) => {
    const before = layout.rows[i - 1]
    ok(before === undefined || before.top + before.height <= row.top)
  })
  deepEqual([...layout.boxOfLane.keys()].sort(), [0, 1, 2, 3, 4])
})

test('a collapsed track keeps its spans, small', () => {
  const layout = layOut(trace, {...none, collapsed: new Set([1])})
  const row = layout.rowOfTrack.get(1)
  equal(row?.height, 24)
  equal(
    row?.boxes.every(box => box.isCompact),
    true,
  )
})

test('memory has a heading as counters have, and can be hidden', () => {
  const memory = makeTrace(
    1,
    facts,
    [track(0, -1, 'process'), track(1, 0, 'memory')],
    [lane(0, 1, 'counter'), lane(1, 1, 'counter', 1)],
  )
  const row = layOut(memory, none).rowOfTrack.get(1)
  equal((row?.boxes[0].top ?? 0) - (row?.top ?? 0), 22)
  equal(layOut(memory, {...none, hidden: new Set(['memory'] as const)}).rows.length, 1)
})

test('a collapsed process hides its tracks', () => {
  equal(layOut(trace, {...none, collapsed: new Set([0])}).rows.length, 1)
})

test('pinned tracks stand first, even when their process is collapsed', () => {
  const layout = layOut(trace, {...none, collapsed: new Set([0]), pinned: new Set([2])})
  deepEqual(
    layout.rows.map(row => row.track.id),
    [2, 0],
  )
})

test('a point finds its row and lane', () => {
  const layout = layOut(trace, none)
  for (const [id, box] of layout.boxOfLane) {
    if (box.lane.kind !== 'gap') {
      const row = rowAt(layout, box.top + 1)
      equal(row === null ? null : boxAt(row, box.top + 1)?.lane.id, id)
    }
  }
  equal(rowAt(layout, layout.height + 100), null)
  equal(rowsBetween(layout, 0, 1e9).length, 3)
  equal(rowsBetween(layout, 0, 10).length, 1)
})

const kernel = makeTrace(
  1,
  facts,
  [track(7, -1, 'cpus'), track(0, -1, 'process'), track(1, 0, 'thread')],
  [
    {...lane(0, 7, 'cpu'), cpu: 2},
    {...lane(1, 7, 'cpu'), cpu: 3},
    {...lane(2, 7, 'gap'), cpu: 3},
    lane(3, 1, 'span'),
    lane(4, 1, 'instant'),
    lane(5, 1, 'sample'),
    lane(6, 1, 'state'),
  ],
)

test('states stand above samples, and both above the spans', () => {
  const boxes = layOut(kernel, none).rowOfTrack.get(1)?.boxes ?? []
  deepEqual(
    boxes.map(box => box.lane.kind),
    ['instant', 'state', 'sample', 'span'],
  )
})

test('what a CPU lost lies over its lane alone', () => {
  const layout = layOut(kernel, none)
  equal(layout.boxOfLane.get(2)?.top, layout.boxOfLane.get(1)?.top)
  equal(layout.boxOfLane.get(2)?.height, layout.boxOfLane.get(1)?.height)
})

test('hidden layers take no room', () => {
  const layout = layOut(kernel, {...none, hidden: new Set(['cpus', 'states', 'samples'])})
  deepEqual([...layout.boxOfLane.keys()].sort(), [3, 4])
  equal(layout.rowOfTrack.has(7), false)
})

test('collapsed, every CPU is still there', () => {
  const many = Array.from({length: 40}, (_, cpu) => ({...lane(cpu, 7, 'cpu'), cpu}))
  const layout = layOut(makeTrace(1, facts, [track(7, -1, 'cpus')], many), {
    ...none,
    collapsed: new Set([7]),
  })
  const row = layout.rowOfTrack.get(7)
  const boxes = row?.boxes ?? []
  equal(boxes.length, 40)
  ok(boxes.every(box => box.top + box.height <= (row?.height ?? 0)))
})
