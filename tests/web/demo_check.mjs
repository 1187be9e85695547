// SPDX-License-Identifier: MIT
// Looks at the demo's trace as a person would and saves the picture: node tests/web/demo_check.mjs URL PICTURE
// Exit status 0 only if spans of the request handlers are visible on several threads.

import {launch} from './browser.mjs'

const HANDLER = 'handle request'
const WINDOW_NS = 0.9e6 // some tens of requests: wide enough for several threads, close enough to read names
const PATIENCE_MS = 60_000

const [url, picture] = process.argv.slice(2)
if (picture === undefined) {
  console.error('usage: demo_check.mjs URL PICTURE')
  process.exit(2)
}

const browser = await launch()
const problems = []

/** A settled page, looking at a range or at everything. */
async function open(range) {
  const page = await browser.newPage({viewport: {width: 1600, height: 1000}, colorScheme: 'light'})
  page.setDefaultTimeout(PATIENCE_MS)
  page.on('pageerror', error => problems.push(`page error: ${error.message}`))
  page.on('console', message => message.type() === 'error' && problems.push(`console: ${message.text()}`))
  await page.goto(range === null ? url : `${url}&t=${range[0]}~${range[1]}`)
  await page.waitForFunction(() => window.ctraceTest !== undefined)
  await settled(page)
  return page
}

async function settled(page) {
  await page.evaluate(() => window.ctraceTest.ready())
  await page.waitForTimeout(300)
  await page.evaluate(() => window.ctraceTest.ready())
}

const spansOf = page => page.evaluate(() => window.ctraceTest.visibleSpans())
const handlerTracks = spans => new Set(spans.filter(span => span.name === HANDLER).map(span => span.track))

async function durationOf() {
  const page = await open(null)
  const {duration} = await page.evaluate(() => window.ctraceTest.state())
  await page.close()
  return duration
}

/** Worth of a picture: threads with handlers first, then handlers wide enough to read. */
function worth(spans) {
  const readable = spans.filter(span => span.name === HANDLER && span.duration > WINDOW_NS / 20)
  return Math.min(handlerTracks(spans).size, 4) * 10 + Math.min(readable.length, 9)
}

/** The best window of some places of the trace. */
async function bestPlace(duration) {
  let best = {start: 0, worth: -1}
  for (const share of [0.5, 0.3, 0.62, 0.41, 0.75, 0.2, 0.57, 0.35, 0.68, 0.45]) {
    const start = Math.max(0, Math.round(duration * share))
    const page = await open([start, start + WINDOW_NS])
    const found = worth(await spansOf(page))
    await page.close()
    if (found > best.worth) {
      best = {start, worth: found}
    }
    if (found >= 45) {
      break
    }
  }
  return best.start
}

/** Clicks a handler near the middle, so that the picture tells what a click tells. */
async function selectHandler(page) {
  const handlers = (await spansOf(page)).filter(span => span.name === HANDLER && span.y > 150 && span.y < 620)
  handlers.sort((a, b) => Math.abs(a.x - 680) - Math.abs(b.x - 680))
  if (handlers.length > 0) {
    await page.mouse.click(handlers[0].x, handlers[0].y)
    await page.mouse.move(1590, 990)
    await settled(page)
  }
}

async function look() {
  const start = await bestPlace(await durationOf())
  const page = await open([start, start + WINDOW_NS])
  const spans = await spansOf(page)
  await selectHandler(page)
  await page.screenshot({path: picture})
  return spans
}

try {
  const spans = await look()
  const tracks = [...handlerTracks(spans)].sort()
  console.log(`   ${spans.length} spans in view; '${HANDLER}' on ${tracks.length} threads: ${tracks.join(', ')}`)
  for (const problem of problems) {
    console.error(`   ${problem}`)
  }
  process.exitCode = tracks.length >= 2 && problems.length === 0 ? 0 : 1
} finally {
  await browser.close()
}
