// SPDX-License-Identifier: MIT
// Numbers at the edges of what a double, a trace and a clock can hold: right labels, and no freeze.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {open, settled, stateOf, until} from './browser.mjs'
import {makeStand} from './stand.mjs'

let stand

before(async () => {
  stand = await makeStand()
})

after(() => stand?.close())

const HEAD = [
  'ctrace-text 1',
  'header session=00000000000000000000000000000001 base=1000 rate=1000000000 clock=5',
  'chunk STRINGS seq=0 lz4',
  '  string 1 "work"',
  '  string 2 "thread"',
  'chunk SITES seq=1 lz4',
  '  site 0 span_begin name=1 category=1 file=1 function=1 line=1',
  '  site 1 counter name=1 category=1 file=1 function=1 line=1 arg=i64:1',
  'chunk PROCESSES seq=2',
  '  process 10 parent=1 name=2 start=0',
  'chunk THREADS seq=3 lz4',
  '  thread 1 pid=10 tid=11 name=2 start=0 written=0 lost=0 state=1 clamped=0',
  'chunk EVENTS stream=1 seq=0 base=1000 lz4',
]

const spanText = (start, length) => [...HEAD, `  +${start} span_begin 0`, `  +${length} end`, ''].join('\n')

/** Start and length of the only span; what the panel says of the length. */
const SPANS = [
  [0n, 0n, '0 ns'],
  [0n, 1n, '1 ns'],
  [5n, 999n, '999 ns'],
  [1n, 2n ** 31n, '2.15 s'],
  [2n ** 32n - 1n, 2n ** 32n, '4.29 s'],
  [2n ** 53n - 1n, 1n, '1 ns'],
  [7n, 2n ** 53n - 1n, '104 d 5 h'],
  [7n, 2n ** 53n + 1n, '104 d 5 h'],
  [7n, 2n ** 59n + 1n, '6671 d 23 h'],
  [7n, 2n ** 61n, '26687 d 23 h'],
]

/** Within what a double can tell apart at that size. */
function near(value, exact) {
  const size = Math.max(1, 2 ** (Math.floor(Math.log2(Number(exact) || 1)) - 51))
  return Math.abs(value - Number(exact)) <= 2 * size
}

const isGoodView = ({start, end, duration}) =>
  Number.isFinite(start) && Number.isFinite(end) && end > start && start >= -duration * 0.06 - 200 && end - start <= duration * 1.2 + 400

for (const [start, length, label] of SPANS) {
  test(`a span of ${length} ns at ${start} ns`, async t => {
    const name = `${start}-${length}.out`
    stand.assemble(name, spanText(start, length))
    const server = await stand.view(name)
    const page = await open(stand.browser, server.url)
    await t.test('opens, and the whole trace is in view', async () => {
      await settled(page)
      const state = await stateOf(page)
      assert.ok(near(state.duration, start + length), String(state.duration))
      assert.ok(isGoodView(state), JSON.stringify([state.start, state.end]))
    })
    await t.test('the span is told as it is', async () => {
      await page.evaluate(() => (location.hash = '#e=0~0'))
      await until(page, () => window.ctraceTest.state().detail !== null)
      const {detail} = await stateOf(page)
      assert.ok(near(detail.start, start) && near(detail.duration, length), JSON.stringify(detail))
      assert.ok((await page.textContent('#panel')).replace(/\u202f/g, ' ').includes(label))
    })
    await t.test('F, zoom and pan end within the trace', async () => {
      await page.keyboard.press('KeyF')
      await settled(page)
      for (const key of ['KeyW', 'KeyD', 'KeyS', 'KeyA', 'Equal', 'Minus', 'Shift+KeyW']) {
        await page.keyboard.press(key)
        assert.ok(isGoodView(await stateOf(page)), key)
      }
      await settled(page)
    })
    await t.test('the address brings the same view back', async () => {
      await until(page, () => location.hash === window.ctraceTest.state().fragment)
      const before = await stateOf(page)
      await page.reload()
      await settled(page)
      const now = await stateOf(page)
      const slack = Math.max(1, (before.end - before.start) * 1e-6, Math.abs(before.end) * 2 ** -50)
      assert.ok(Math.abs(now.start - before.start) <= slack && Math.abs(now.end - before.end) <= slack)
    })
    await stand.leave(page)
    await server.stop()
  })
}

for (const length of [2n ** 63n - 2000n, 2n ** 63n, 2n ** 64n - 5000n]) {
  test(`a length of ${length} ns is damage, not a picture`, async () => {
    const name = `broken-${length}.out`
    stand.assemble(name, spanText(7n, length))
    const server = await stand.view(name)
    const page = await open(stand.browser, server.url)
    await until(page, () => document.querySelector('.notice.partial') !== null)
    assert.ok(isGoodView(await stateOf(page)))
    await stand.leave(page)
    await server.stop()
  })
}

test('counters at the edges of 64 bits keep their chart and their numbers', async () => {
  const values = ['-9223372036854775808', '0', '9223372036854775807', '9007199254740993']
  stand.assemble('counters.out', [...HEAD, ...values.map(value => `  +1000 counter 1 i64=${value}`), ''].join('\n'))
  const server = await stand.view('counters.out')
  const page = await stand.visit(server.url)
  assert.match(await page.textContent('.counter-name'), /-9\.22e\+18 – 9\.22e\+18/)
  await stand.leave(page)
  await server.stop()
})
