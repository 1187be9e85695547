// SPDX-License-Identifier: MIT
// Prints, and asserts nothing of, what a frame costs while panning and zooming over a trace:
// node tests/web/frames.mjs CTRACE TRACE. Without a GPU, as here, everything is drawn by the CPU.

import {launch, open, serve, settled, wheelZoom} from './browser.mjs'

const [ctrace, trace] = process.argv.slice(2)
if (trace === undefined) {
  console.error('usage: frames.mjs CTRACE TRACE')
  process.exit(2)
}

const server = await serve(ctrace, trace)
const browser = await launch()
const begin = Date.now()
const page = await open(browser, server.url, {viewport: {width: 1920, height: 1080}})
await settled(page)
console.log(`first exact picture  ${Date.now() - begin} ms after the page was asked for`)

async function measure(what, act) {
  await page.evaluate(() => window.ctraceTest.frameTimes())
  const before = (await page.evaluate(() => window.ctraceTest.frameTimes())).length
  await act()
  const times = (await page.evaluate(() => window.ctraceTest.frameTimes())).slice(before)
  const sorted = [...times].sort((a, b) => a - b)
  const at = share => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1)
  console.log(`${what.padEnd(20)} ${String(times.length).padStart(4)} frames, median ${at(0.5)} ms, p95 ${at(0.95)} ms`)
}

const hold = async (key, ms) => {
  await page.keyboard.down(key)
  await page.waitForTimeout(ms)
  await page.keyboard.up(key)
  await settled(page)
}
await page.mouse.move(1000, 500)
await measure('zoom in', () => hold('KeyW', 1500))
await measure('pan', () => hold('KeyD', 1500))
await measure('zoom out', () => hold('KeyS', 1500))
await measure('wheel zoom', () => wheelZoom(page, 900, 500, -10))
await browser.close()
await server.stop()
