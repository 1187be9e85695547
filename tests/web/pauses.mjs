// SPDX-License-Identifier: MIT
// A collector in the page: its track, bands over all tracks of its process, what a pause says, and the
// tab Pauses. The world stands still 1-2 ms, 3-4 ms and 10-14 ms of 20 ms; helper waits for a mutex 5-7 ms.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {spansOf, stateOf, until} from './browser.mjs'
import {makeStand} from './stand.mjs'

const TRACE = `ctrace-text 1
header base=1000 rate=1000000000 clock=5
chunk STRINGS
  string 1 "shop"
  string 2 "collector"
  string 3 "helper"
  string 4 "pthread_mutex_lock"
  string 5 "request"
chunk SITES
  site 0 span_begin name=5 category=0 file=0 function=0 line=0
chunk CALLS
  call 1000 layer=2 name=4
chunk PROCESSES
  process 10 parent=1 name=1 start=0
chunk THREADS
  thread 1 pid=10 tid=10 name=2 start=0 written=11 lost=0 state=1 clamped=0
  thread 2 pid=10 tid=12 name=3 start=0 written=6 lost=0 state=1 clamped=0
chunk EVENTS stream=1 base=1000
  +500000 gc_heap 1048576
  +500000 gc_begin 4
  +1000000 gc_end 0 0
  +1000000 gc_begin 4
  +1000000 gc_end 0 0
  +5900000 gc_begin 1
  +100000 gc_begin 4
  +4000000 gc_end 0 0
  +500000 gc_end 524288 262144
  +10000 gc_heap 786432
  +2000000 gc_thread 12 1
  +1000000 gc_thread 12 0
chunk EVENTS stream=2 base=1000
  +0 span_begin 0
  +5000000 lock_wait 4096 1 1000 0
  +2000000 lock_acquired 4096 1 1000 0
  +4000000 end
  +5000000 span_begin 0
  +4000000 end
chunk INDEX auto
trailer lost=0
`

let stand
let story
let plain
const visit = (more = '', options = {}) => stand.visit(story.url + more, options)
const leave = page => stand.leave(page)

before(async () => {
  stand = await makeStand()
  stand.assemble('pauses.out', TRACE)
  stand.assemble('plain.out', TRACE.replace(/^ {2}\+\d+ gc_.*\n/gm, '').replace(/^chunk EVENTS stream=1.*\n/m, ''))
  story = await stand.view('pauses.out')
  plain = await stand.view('plain.out')
})

after(() => stand?.close())

const ofKind = async (page, kind) => (await spansOf(page)).filter(span => span.kind === kind)

async function panelHas(page, ...texts) {
  const isThere = wanted => {
    const text = document.getElementById('panel').textContent.replace(/[\u00a0\u202f]/g, ' ')
    return wanted.every(one => text.includes(one))
  }
  await until(page, isThere, texts)
}

async function openTab(page) {
  await page.getByRole('button', {name: 'Pauses', exact: true}).click()
  await page.waitForSelector('canvas.curve')
}

/** The colour of the picture at a point of the window. */
const colourAt = (page, x, y) =>
  page.evaluate(
    ([left, top]) => {
      const canvas = document.getElementById('lanes')
      const rect = canvas.getBoundingClientRect()
      const ratio = canvas.width / rect.width
      return [...canvas.getContext('2d').getImageData((left - rect.left) * ratio, (top - rect.top) * ratio, 1, 1).data].join()
    },
    [x, y],
  )

/** The picture follows within some frames. */
async function colourBecomes(page, x, y, isRight) {
  let colour = await colourAt(page, x, y)
  for (let tries = 0; !isRight(colour) && tries < 600; tries++) {
    await page.waitForTimeout(50)
    colour = await colourAt(page, x, y)
  }
  assert.ok(isRight(colour), colour)
}

/** Over helper's row, in the middle of the long pause, where the thread itself has nothing. */
async function overHelper(page) {
  const pause = (await ofKind(page, 'pause')).find(span => span.start === 10_000_000)
  const helper = (await spansOf(page)).find(span => span.track === 'helper' && span.name === 'request')
  return {x: pause.x + 20, y: helper.y}
}

test('a process has a track of its collector, with pauses, collections and counters', async () => {
  const page = await visit()
  const {tracks} = await stateOf(page)
  assert.ok(tracks.some(track => track.kind === 'collector'))
  const pauses = await ofKind(page, 'pause')
  assert.deepEqual(
    pauses.map(span => [span.name, span.start, span.duration]),
    [
      ['world stopped', 1_000_000, 1_000_000],
      ['world stopped', 3_000_000, 1_000_000],
      ['world stopped', 10_000_000, 4_000_000],
    ],
  )
  assert.deepEqual(
    (await ofKind(page, 'cycle')).map(span => span.name),
    ['collection'],
  )
  assert.deepEqual(
    (await ofKind(page, 'halt')).map(span => [span.track, span.duration]),
    [['helper', 1_000_000]],
  )
  await leave(page)
})

test('a pause lies as a band over other threads, and O hides it and shows it again', async () => {
  const page = await visit()
  const {x, y} = await overHelper(page)
  const banded = await colourAt(page, x, y)
  await page.keyboard.press('o')
  await until(page, () => location.hash.includes('h=bands'))
  await colourBecomes(page, x, y, colour => colour !== banded)
  await page.keyboard.press('o')
  await until(page, () => !location.hash.includes('h=bands'))
  await colourBecomes(page, x, y, colour => colour === banded)
  await leave(page)
})

test('a click on a band tells of the pause: who collected, the heap, whom it interrupted', async () => {
  const page = await visit()
  const {x, y} = await overHelper(page)
  await page.mouse.click(x, y)
  await panelHas(
    page,
    'Pause: the world stood still',
    'Collected by',
    'collector 10',
    'collection 4.6 ms',
    'What it interrupted',
    'request',
    'helper 12',
  )
  const {detail} = await stateOf(page)
  assert.equal((await ofKind(page, 'pause')).find(span => span.lane === detail.lane)?.name, 'world stopped')
  await leave(page)
})

test('a collection says how long the world stood still in it, and what it left alive', async () => {
  const page = await visit()
  const [cycle] = await ofKind(page, 'cycle')
  await page.mouse.click(cycle.x, cycle.y)
  await panelHas(page, 'Collection', '1 pause, 4 ms', '512 KiB', 'Freed', '256 KiB')
  await leave(page)
})

test('the tab has the curve, says exact figures, and lists the worst windows of the length that is chosen', async () => {
  const page = await visit()
  await openTab(page)
  await panelHas(page, 'The world stood still for a collector.', '3 times, 6 ms in all; the longest 4 ms', 'Worst windows of')
  await page.locator('.window-choice select').selectOption('5000000')
  await until(page, () => document.querySelector('.window-choice select')?.value === '5000000')
  const rows = await page.locator('.pauses .totals tbody tr').allTextContents()
  assert.equal(rows.length, 2)
  assert.match(rows[0].replace(/[\u00a0\u202f]/g, ' '), /20\.00 %4\.00 ms/)
  assert.match(rows[1].replace(/[\u00a0\u202f]/g, ' '), /60\.00 %2\.00 ms/)
  await leave(page)
})

test('the curve is walked by key, and Enter chooses the length', async () => {
  const page = await visit()
  await openTab(page)
  const curve = page.locator('canvas.curve')
  await curve.focus()
  await page.keyboard.press('End')
  await until(page, () =>
    document
      .querySelector('.curve-line')
      .textContent.replace(/\u202f/g, ' ')
      .includes('left at worst in'),
  )
  assert.match(await curve.getAttribute('aria-valuetext'), /%/)
  await page.keyboard.press('Home')
  assert.match((await curve.getAttribute('aria-valuetext')).replace(/\u202f/g, ' '), /1 µs: 0\.00 %/)
  await page.keyboard.press('Enter')
  await until(page, () => document.querySelector('.window-choice select')?.value === '1000')
  await until(page, () => document.activeElement?.classList.contains('curve'))
  await leave(page)
})

test('a worst window is a link that goes there and selects it', async () => {
  const page = await visit()
  await openTab(page)
  await page.locator('.window-choice select').selectOption('5000000')
  await until(page, () => document.querySelector('.window-choice select')?.value === '5000000')
  await page.locator('.pauses .totals tbody .link').first().click()
  await until(page, () => window.ctraceTest.state().selection?.type === 'range')
  const {selection, start, end} = await stateOf(page)
  assert.equal(selection.end - selection.start, 5_000_000)
  assert.ok(start <= selection.start && end >= selection.end)
  assert.ok(end - start < 20_000_000)
  await leave(page)
})

test('of one thread its own work counts, and another curve is offered where there is data', async () => {
  const page = await visit()
  await openTab(page)
  const whose = page.locator('.choices select').nth(1)
  await whose.selectOption({label: '\u2003helper (12)'})
  await panelHas(page, '4 times, 7 ms in all')
  const whats = page.locator('.choices select').first()
  assert.deepEqual(await whats.locator('option:not([disabled])').allTextContents(), ['Collector', 'Waiting for locks'])
  await whats.selectOption('lock')
  await panelHas(page, '1 time, 2 ms in all; the longest 2 ms')
  await leave(page)
})

test('the answer is copied as text, exact to the nanosecond', async () => {
  const page = await visit('', {
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  await openTab(page)
  await page.getByRole('button', {name: 'Copy as text'}).click()
  await page.getByRole('button', {name: 'Copied'}).waitFor()
  const text = await page.evaluate(() => navigator.clipboard.readText())
  assert.match(text, /^collector, 0 to 20\d+ ns\nwindow ns\ttaken ns\tutilisation\tstart ns\tof\n1000\t1000\t0\.000000000\t1000000\tshop\n/)
  await leave(page)
})

test('without a collector the tab begins with what there is', async () => {
  const page = await stand.visit(plain.url)
  await openTab(page)
  await panelHas(page, 'It waited for a mutex', '1 time, 2 ms in all')
  const refused = page.locator('.choices select').first().locator('option[value=collector]')
  assert.match(await refused.getAttribute('title'), /no collector of this process told of its work/)
  await leave(page)
})
