// SPDX-License-Identifier: MIT
// The page in a real Chromium against the real `ctrace view`.

import assert from 'node:assert/strict'
import {readFileSync, writeFileSync} from 'node:fs'
import {after, before, test} from 'node:test'
import {open, settled, spansOf, stateOf, until, wheelZoom} from './browser.mjs'
import {HOSTILE, hostileText} from './hostile.mjs'
import {CTRACE, makeStand, REQUESTS_TRACE, run, TRACE_MAKER} from './stand.mjs'

let stand
let browser
let requests
const file = name => stand.file(name)
const view = name => stand.view(name)
const visit = (url, options) => stand.visit(url, options)
const leave = page => stand.leave(page)

before(async () => {
  stand = await makeStand()
  browser = stand.browser
  run(REQUESTS_TRACE, file('requests.out'))
  run(TRACE_MAKER, '21', '--events', '60000', '--threads', '4', '-o', file('wild.out'))
  requests = await view('requests.out')
})

after(() => stand?.close())

test('the page shows the spans of every thread, and the token leaves the address bar', async () => {
  const page = await visit(requests.url)
  const state = await stateOf(page)
  assert.deepEqual(
    state.tracks.filter(track => track.kind === 'thread').map(track => track.label),
    ['listener', 'worker 1', 'worker 2', 'worker 3'],
  )
  const names = new Set((await spansOf(page)).map(span => span.name))
  assert.ok(names.has('loop'))
  assert.ok(!page.url().includes('token'))
  assert.match(await page.textContent('#panel'), /The whole trace/)
  await page.waitForSelector('#panel .totals')
  assert.match(await page.textContent('#panel .totals'), /query/)
  await leave(page)
})

test('W, S, A and D zoom and pan, by their place on the keyboard', async () => {
  const page = await visit(requests.url)
  const range = async () => {
    await settled(page)
    const {start, end} = await stateOf(page)
    return {start, end, length: end - start}
  }
  const whole = await range()
  await page.keyboard.press('KeyW')
  await page.keyboard.press('KeyW')
  const near = await range()
  assert.ok(near.length < whole.length * 0.9)
  await page.keyboard.press('KeyD')
  const right = await range()
  assert.ok(right.start > near.start && Math.abs(right.length - near.length) < 1)
  await page.keyboard.press('KeyA')
  assert.ok(Math.abs((await range()).start - near.start) < near.length * 0.01)
  await page.keyboard.press('KeyS')
  assert.ok((await range()).length > near.length)
  await page.keyboard.press('0')
  assert.ok(Math.abs((await range()).length - whole.length) < 1)
  await leave(page)
})

test('a held key keeps moving, and stops when it is let go', async () => {
  const page = await visit(requests.url)
  const lengthOf = async () => {
    const {start, end} = await stateOf(page)
    return end - start
  }
  const whole = await lengthOf()
  await page.keyboard.down('KeyW')
  await until(page, 
    limit => {
      const {start, end} = window.ctraceTest.state()
      return end - start < limit
    },
    whole / 3,
  )
  await page.keyboard.up('KeyW')
  await settled(page)
  const stopped = await lengthOf()
  await page.waitForTimeout(200)
  assert.equal(await lengthOf(), stopped)
  await leave(page)
})

test('Ctrl and the wheel zoom where the pointer is', async () => {
  const page = await visit(requests.url)
  const rect = await page.locator('#lanes').boundingBox()
  const x = rect.x + rect.width * 0.7
  const timeAt = state => state.start + ((state.end - state.start) * (x - rect.x)) / rect.width
  const before = await stateOf(page)
  await wheelZoom(page, x, rect.y + 150, -6)
  const now = await stateOf(page)
  assert.ok(now.end - now.start < (before.end - before.start) / 3)
  assert.ok(Math.abs(timeAt(now) - timeAt(before)) < (now.end - now.start) * 0.02)
  await leave(page)
})

test('the bare wheel scrolls tracks, with Shift it pans', async () => {
  const page = await visit(requests.url, {viewport: {width: 1400, height: 420}})
  const rect = await page.locator('#lanes').boundingBox()
  await wheelZoom(page, rect.x + 400, rect.y + 100, -4)
  const before = await stateOf(page)
  await page.mouse.wheel(0, 120)
  await settled(page)
  const scrolled = await stateOf(page)
  assert.ok(scrolled.scrollTop > 0)
  assert.equal(scrolled.start, before.start)
  await page.keyboard.down('Shift')
  await page.mouse.wheel(0, 120)
  await page.keyboard.up('Shift')
  await settled(page)
  assert.ok((await stateOf(page)).start > before.start)
  await leave(page)
})

/** Zoomed in to a request, so that handlers are boxes. */
async function visitHandler() {
  const page = await visit(`${requests.url}&t=100000~106000`)
  const handler = (await spansOf(page)).find(span => span.name === 'handle' && span.duration > 1000)
  assert.ok(handler !== undefined)
  return {page, handler}
}

test('a click shows all about a span', async () => {
  const {page, handler} = await visitHandler()
  await page.mouse.click(handler.x, handler.y)
  await page.waitForSelector('#panel .args')
  const text = await page.textContent('#panel')
  assert.equal(await page.textContent('#panel h2'), 'handle')
  for (const part of ['Span · http', 'Duration', 'Self time', '/auth/user/🦊', 'Children', 'request #', 'Flows (1)']) {
    assert.ok(text.includes(part), `${part} in ${text}`)
  }
  const {detail} = await stateOf(page)
  assert.equal(detail.duration, handler.duration)
  assert.equal(detail.start, handler.start)
  await leave(page)
})

test('links lead to parent, child, task and along the flow', async () => {
  const {page, handler} = await visitHandler()
  await page.mouse.click(handler.x, handler.y)
  await page.waitForSelector('#panel .args')
  const nameNow = () => page.textContent('#panel h2')
  const go = async (selector, name) => {
    await page.click(selector)
    await until(page, wanted => document.querySelector('#panel h2')?.textContent === wanted, name)
    await settled(page)
  }
  await go('#panel .link:has-text("from listener")', 'accept')
  await page.keyboard.press(']')
  await until(page, () => document.querySelector('#panel h2')?.textContent === 'handle')
  await go('#panel .link:has-text("request #")', 'request')
  await until(page, () => location.hash === window.ctraceTest.state().fragment)
  await page.goBack()
  await until(page, () => document.querySelector('#panel h2')?.textContent !== 'request')
  assert.notEqual(await nameNow(), 'request')
  await leave(page)
})

test('F frames the selection, and again goes back', async () => {
  const {page, handler} = await visitHandler()
  await page.mouse.click(handler.x, handler.y)
  await page.waitForSelector('#panel .args')
  const before = await stateOf(page)
  await page.keyboard.press('KeyF')
  await settled(page)
  const framed = await stateOf(page)
  assert.ok(framed.start < handler.start && framed.end > handler.start + handler.duration)
  assert.ok(framed.end - framed.start < handler.duration * 2)
  await page.keyboard.press('KeyF')
  await settled(page)
  assert.ok(Math.abs((await stateOf(page)).start - before.start) < 2)
  await leave(page)
})

test('merged events tell count, share and longest; a click lists them exactly', async () => {
  const page = await visit(requests.url)
  const rect = await page.locator('#lanes').boundingBox()
  let hit = null
  for (let y = 60; y < 420 && hit?.type !== 'bucket'; y += 6) {
    await page.mouse.move(rect.x + 500, rect.y + y)
    await settled(page)
    hit = (await stateOf(page)).probe
    if (hit?.type === 'bucket' && hit.count > 1) {
      break
    }
    hit = null
  }
  assert.ok(hit !== null, 'no merged events under the pointer')
  const tip = await page.textContent('#tooltip')
  assert.match(tip, /longest .*spans, .*% busy/)
  await page.mouse.down()
  await page.mouse.up()
  await page.waitForSelector('#panel .totals')
  const {selection} = await stateOf(page)
  assert.equal(selection.type, 'range')
  assert.equal(selection.lane, hit.lane)
  assert.match(await page.textContent('#panel .lead'), /[\d,]+.events/)
  await leave(page)
})

test('dragging selects a range with totals by name, sortable', async () => {
  const page = await visit(requests.url)
  const rect = await page.locator('#lanes').boundingBox()
  const handlers = (await spansOf(page)).find(span => span.track === 'worker 1')
  await page.mouse.move(rect.x + 200, handlers.y)
  await page.mouse.down()
  await page.mouse.move(rect.x + 500, handlers.y + 5, {steps: 6})
  await page.mouse.up()
  await page.waitForSelector('#panel .totals')
  const {selection} = await stateOf(page)
  assert.equal(selection.type, 'range')
  assert.equal(selection.tracks.length, 1)
  const column = n =>
    page.$$eval(`#panel .totals:first-of-type tbody tr td:nth-child(${n})`, cells => cells.map(cell => cell.textContent))
  await page.click('#panel .totals th:nth-child(2) .link')
  const counts = (await column(2)).map(text => Number(text.replace(/,/g, ''))).filter(Number.isFinite)
  assert.ok(counts.length > 2)
  assert.deepEqual(counts, [...counts].sort((a, b) => b - a))
  await page.click('#panel .totals td:last-child .link')
  await until(page, () => window.ctraceTest.state().detail !== null)
  await leave(page)
})

test('search counts, steps forward and back, and fades the rest', async () => {
  const page = await visit(requests.url)
  await page.keyboard.press('/')
  await page.keyboard.type('QUERY')
  await until(page, () => window.ctraceTest.state().search.count > 0)
  assert.equal((await stateOf(page)).search.count, 600)
  const hits = []
  for (const key of ['Enter', 'Enter', 'Shift+Enter']) {
    const was = (await stateOf(page)).search.position
    await page.keyboard.press(key)
    await until(page, old => window.ctraceTest.state().search.position !== old, was)
    await settled(page)
    hits.push((await stateOf(page)).search.position)
  }
  assert.deepEqual(hits, [hits[0], hits[0] + 1, hits[0]])
  await until(page, () => document.querySelector('#panel h2')?.textContent === 'query')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.keyboard.press('KeyW')
  assert.equal((await stateOf(page)).search.text, '')
  await leave(page)
})

test('the view survives reload, back and forward', async () => {
  const {page, handler} = await visitHandler()
  await page.mouse.click(handler.x, handler.y)
  await page.waitForSelector('#panel .args')
  await page.click('.head.counters')
  await until(page, () => location.hash.includes('e=') && location.hash.includes('c='))
  const before = await stateOf(page)
  await page.reload()
  await settled(page)
  await until(page, () => window.ctraceTest.state().detail !== null)
  const now = await stateOf(page)
  assert.equal(now.fragment, before.fragment)
  assert.deepEqual(now.selection, before.selection)
  await page.keyboard.press('0')
  await until(page, () => !location.hash.includes('t='))
  await page.goBack()
  await until(page, () => location.hash.includes('t='))
  await settled(page)
  assert.ok(Math.abs((await stateOf(page)).start - before.start) < 1)
  await page.goForward()
  await until(page, () => !location.hash.includes('t='))
  await page.keyboard.press('Control+KeyZ')
  await until(page, () => location.hash.includes('t='))
  await leave(page)
})

test('the theme follows the system, can be chosen, and is remembered', async () => {
  const page = await visit(requests.url, {colorScheme: 'dark'})
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  assert.equal((await stateOf(page)).theme, 'dark')
  const dark = await ground()
  await page.click('button[aria-label^="Theme"]')
  assert.equal((await stateOf(page)).theme, 'light')
  assert.notEqual(await ground(), dark)
  await page.reload()
  await settled(page)
  assert.equal((await stateOf(page)).theme, 'light')
  await leave(page)
})

test('everything can be done without a mouse', async () => {
  const page = await visit(requests.url)
  const live = () => page.textContent('#live')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  assert.match(await live(), /depth|instants|counters|tasks/)
  for (let i = 0; i < 12 && !(await live()).includes('worker 1, depth 2'); i++) {
    await page.keyboard.press('ArrowDown')
  }
  assert.match(await live(), /worker 1, depth 2, .*events/)
  await page.keyboard.press('ArrowRight')
  await until(page, () => window.ctraceTest.state().detail !== null)
  const first = (await stateOf(page)).detail.index
  await page.keyboard.press('ArrowRight')
  await until(page, old => window.ctraceTest.state().detail?.index === old + 1, first)
  assert.match(await live(), /handle, .*worker 1, at .*of 200 in the lane/)
  const {lane} = (await stateOf(page)).detail
  await page.keyboard.press('Alt+ArrowDown')
  await until(page, above => window.ctraceTest.state().detail?.lane > above, lane)
  await page.keyboard.press('Alt+ArrowUp')
  await until(page, own => window.ctraceTest.state().detail?.lane === own, lane)
  await page.keyboard.press('?')
  assert.equal(await page.locator('dialog.help').isVisible(), true)
  await page.keyboard.press('Escape')
  assert.equal(await page.locator('dialog.help').isVisible(), false)
  await page.keyboard.press('KeyG')
  await page.keyboard.type('200us')
  await page.keyboard.press('Enter')
  await until(page, () => {
    const {start, end} = window.ctraceTest.state()
    return Math.abs((start + end) / 2 - 200_000) < 1
  })
  await page.keyboard.press('Escape')
  await until(page, () => window.ctraceTest.state().selection === null)
  await leave(page)
})

test('letters typed in the search box are only text', async () => {
  const page = await visit(requests.url)
  const before = await stateOf(page)
  await page.keyboard.press('/')
  await page.keyboard.type('wasdfq0')
  await settled(page)
  const now = await stateOf(page)
  assert.equal(now.start, before.start)
  assert.equal(now.end, before.end)
  assert.equal(await page.locator('#panel').isVisible(), true)
  await leave(page)
})

test('pinned tracks stand first', async () => {
  const page = await visit(requests.url)
  const span = (await spansOf(page)).find(one => one.track === 'worker 3')
  await page.mouse.move(span.x, span.y)
  await page.keyboard.press('KeyP')
  await settled(page)
  const first = await page.$$eval('#heads .head', heads =>
    heads
      .map(head => [head.getBoundingClientRect().top, head.textContent])
      .sort((a, b) => a[0] - b[0])
      .map(([, text]) => text),
  )
  assert.match(first[0], /worker 3/)
  await leave(page)
})

test('hostile text is shown literally in every field, and nothing happens', async () => {
  const {text, count} = hostileText()
  writeFileSync(file('hostile.txt'), text)
  run(CTRACE, 'dump', '--assemble', file('hostile.txt'), '-o', file('hostile.out'))
  const server = await view('hostile.out')
  const page = await visit(server.url)
  const all = async () => page.evaluate(() => document.body.textContent)
  assert.ok(count >= 60)
  await page.waitForSelector('#panel .totals')
  await page.$$eval('#panel .totals .link', links => links.find(link => /more names/.test(link.textContent))?.click())
  const shown = await all()
  for (const literal of ['<img src=x onerror=alert(1)>', '</script><script>alert(1)</script>', 'nul\\x00nul', 'right\\u{202E}to', '{{constructor']) {
    assert.ok(shown.includes(literal), literal)
  }
  const lane = (await page.evaluate(() => window.ctraceTest.state().tracks)).length
  assert.ok(lane >= 12)
  await page.click('.head.counters .label')
  await settled(page)
  const places = await page.evaluate(() => window.ctraceTest.visibleSpans().map(span => [span.lane, span.index]))
  const first = places[0][0]
  for (let i = 0; i < HOSTILE.length; i++) {
    await page.evaluate(hash => (location.hash = hash), `#e=${first}~${i}`)
    await until(page, index => window.ctraceTest.state().detail?.index === index, i)
    const panel = await page.textContent('#panel')
    const plain = HOSTILE[i].replace(/[^\x20-\x7e][^]*/, '').slice(0, 60)
    assert.ok(panel.split(plain).length > 4, `${i}: ${plain}`)
  }
  assert.equal(await page.$$eval('body img:not([src="/icon.svg"]), body iframe, body style, body script:not([src]), body form:not([method])', found => found.length), 0)
  assert.equal(await page.title(), 'ctrace')
  await leave(page)
  await server.stop()
})

test('a wild trace is walked without a fault', async () => {
  const server = await view('wild.out')
  const page = await visit(server.url)
  const rect = await page.locator('#lanes').boundingBox()
  for (let i = 0; i < 8; i++) {
    await wheelZoom(page, rect.x + 100 + 90 * i, rect.y + 60 + 70 * i, i % 3 === 2 ? 5 : -5)
    await page.mouse.click(rect.x + 120 + 60 * i, rect.y + 40 + 60 * i)
    await page.mouse.wheel(0, 300)
    await settled(page)
  }
  assert.equal(await page.locator('.notice.lost').isVisible(), true)
  await page.click('.notice.lost .link')
  await page.click('.notice.lost .damage .link')
  await until(page, () => document.querySelector('#panel h2')?.textContent === 'Lost events')
  await leave(page)
  await server.stop()
})

test('a trace that was cut says so and shows the rest', async () => {
  const bytes = readFileSync(file('requests.out'))
  writeFileSync(file('cut.out'), bytes.subarray(0, Math.floor(bytes.length * 0.6)))
  const server = await view('cut.out')
  const page = await visit(server.url)
  assert.match(await page.textContent('.notice.partial'), /partial/)
  assert.ok((await spansOf(page)).length > 0)
  await leave(page)
  await server.stop()
})

test('a damaged trace names the bytes and shows the rest', async () => {
  const bytes = Buffer.from(readFileSync(file('requests.out')))
  bytes.fill(0x55, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 64)
  writeFileSync(file('damaged.out'), bytes)
  const server = await view('damaged.out')
  const page = await visit(server.url)
  assert.match(await page.textContent('.notice.partial'), /damaged/)
  await page.click('.notice.partial .link')
  assert.match(await page.textContent('.notice.partial .damage'), /byte [\d,]+/)
  assert.ok((await spansOf(page)).length > 0)
  await leave(page)
  await server.stop()
})

test('when the server is gone the page says so and keeps what it shows', async () => {
  const server = await view('requests.out')
  const page = await visit(server.url)
  const before = (await spansOf(page)).length
  page.isConnectionGone = true
  await server.stop()
  await page.waitForSelector('.notice.connection')
  await page.keyboard.press('KeyW')
  await page.waitForTimeout(100)
  assert.ok((await spansOf(page)).length > 0 && before > 0)
  await leave(page)
})

test('without its token the page explains where to find it', async () => {
  const page = await open(browser, requests.url.replace(/#.*/, ''))
  await page.waitForSelector('#loading .what')
  assert.match(await page.textContent('#loading'), /token/)
  await leave(page)
})

test('the whole trace and a range download as Chrome JSON', async () => {
  const page = await visit(requests.url)
  const save = async text => {
    await page.click('button[aria-label="Download Chrome JSON"]')
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(`.menu button:has-text("${text}")`)])
    return JSON.parse(readFileSync(await download.path(), 'utf8'))
  }
  const events = json => (json.traceEvents ?? json).filter(event => event.ph === 'X').length
  const whole = events(await save('whole trace'))
  assert.ok(whole > 4000)
  await wheelZoom(page, 700, 400, -8)
  const part = events(await save('in view'))
  assert.ok(part > 0 && part < whole)
  await leave(page)
})
