// SPDX-License-Identifier: MIT
import {equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import {
  clamped,
  endOf,
  fitted,
  isSameView,
  framed,
  panned,
  revealed,
  SCALE_MIN,
  timeAt,
  zoomed,
} from './viewport'

const DURATION = 1e9
const view = {start: 2e8, scale: 1e5, width: 1000}

test('zooming keeps the time under the pointer', () => {
  for (const x of [0, 250, 999]) {
    const near = zoomed(view, 0.5, x, DURATION)
    ok(Math.abs(timeAt(near, x) - timeAt(view, x)) < 1e-3)
  }
})

test('nothing zooms closer than eight pixels a nanosecond', () => {
  equal(zoomed(view, 1e-12, 500, DURATION).scale, SCALE_MIN)
})

test('zooming out ends at the trace and its margins', () => {
  const far = zoomed(view, 1e9, 10, DURATION)
  ok(Math.abs(far.start + DURATION * 0.05) < 1 && Math.abs(endOf(far) - DURATION * 1.05) < 1)
})

test('panning stops at the margins', () => {
  equal(panned(view, -1e9, DURATION).start, -DURATION * 0.05)
  equal(endOf(panned(view, 1e9, DURATION)), DURATION * 1.05)
})

test('a framed range fills the width but for its margins', () => {
  const framedView = framed(view, 4e8, 5e8, 0.1, DURATION)
  ok(Math.abs(framedView.scale * framedView.width - 1.25e8) < 1)
})

test('revealing moves only when needed', () => {
  equal(revealed(view, 2.1e8, 2.2e8, DURATION), view)
  const moved = revealed(view, 8e8, 8.1e8, DURATION)
  equal(moved.scale, view.scale)
  ok(moved.start < 8e8 && endOf(moved) > 8.1e8)
})

test('the whole begins where something happens', () => {
  const whole = fitted(view, DURATION)
  ok(isSameView(fitted(view, DURATION, DURATION / 100), whole))
  const late = fitted(view, DURATION, DURATION / 2)
  ok(late.start < DURATION / 2 && late.start > DURATION * 0.49)
  ok(isSameView(fitted(view, DURATION, DURATION), whole))
})

test('an empty trace has a view', () => {
  const empty = fitted({start: 0, scale: 1, width: 800}, 0)
  ok(Number.isFinite(empty.start) && empty.scale >= SCALE_MIN)
  ok(Number.isFinite(clamped({start: 5, scale: 1, width: 0}, 0).scale))
})
