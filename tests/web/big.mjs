// SPDX-License-Identifier: MIT
// Ten million events: prints how long the first picture and each step of a zoom take, and asserts what
// does not depend on the machine: counts, the page's memory, and that a frame costs no event loop.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {open, settled, spansOf, stateOf} from './browser.mjs'
import {makeStand, run, TRACE_MAKER} from './stand.mjs'

const EVENTS = 10_000_000
const HEAP_MAX = 512 * 1024 * 1024
const STEPS = 24

let stand

before(async () => {
  stand = await makeStand()
  run(TRACE_MAKER, '7', '--events', String(EVENTS), '--threads', '6', '--plain-spans', '-o', stand.file('ten.out'))
})

after(() => stand?.close())

const median = values => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

async function heapOf(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const {usedSize} = await session.send('Runtime.getHeapUsage')
  return usedSize + (await stateOf(page)).cacheBytes
}

test('ten million events are opened, walked and told of within the memory promised', async () => {
  const server = await stand.view('ten.out')
  const begin = Date.now()
  const page = await open(stand.browser, server.url)
  await settled(page)
  console.log(`first exact picture after ${Date.now() - begin} ms`)
  const events = (await stateOf(page)).tracks.filter(track => track.kind === 'thread').reduce((sum, track) => sum + track.events, 0)
  assert.ok(events >= EVENTS * 0.99, String(events))

  const rect = await page.locator('#lanes').boundingBox()
  await page.mouse.move(rect.x + 500, rect.y + 200)
  const steps = []
  for (let i = 0; i < STEPS; i++) {
    const from = Date.now()
    await page.keyboard.press(i < STEPS / 2 ? 'Equal' : 'Minus')
    await page.evaluate(() => window.ctraceTest.ready())
    steps.push(Date.now() - from)
  }
  console.log(`a zoom step to the exact picture: median ${median(steps)} ms, worst ${Math.max(...steps)} ms`)

  for (const key of ['KeyW', 'KeyD', 'KeyA', 'KeyS']) {
    await page.keyboard.down(key)
    await page.waitForTimeout(500)
    await page.keyboard.up(key)
  }
  await settled(page)
  const frames = await page.evaluate(() => window.ctraceTest.frameTimes())
  console.log(`${frames.length} frames, median ${median(frames).toFixed(1)} ms`)
  const boxes = (await spansOf(page)).length
  assert.ok(boxes < 50_000, `${boxes} boxes in one frame`)

  const heap = await heapOf(page)
  console.log(`heap and tiles ${(heap / 1024 / 1024).toFixed(1)} MiB`)
  assert.ok(heap < HEAP_MAX, String(heap))
  await stand.leave(page)
})
