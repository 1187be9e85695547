// SPDX-License-Identifier: MIT
// Memory in the page: the tab of a trace that has some, its measures, places, threads, growth of a
// range. The trace is a small story: main loads 100 bytes, which worker frees; it keeps 1 MiB.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {settled, until} from './browser.mjs'
import {HOSTILE} from './hostile.mjs'
import {makeLiar} from './liar.mjs'
import {makeStand, REQUESTS_TRACE, run} from './stand.mjs'

const KEPT = 1 << 20

let stand
let story
let liar

before(async () => {
  stand = await makeStand()
  stand.assemble('story.out', storyText())
  story = await stand.view('story.out')
  liar = await makeLiar(story.url)
})

after(async () => {
  await liar?.close()
  await stand?.close()
})

/** Times are in microseconds; the trace lasts 1 ms. */
function storyText() {
  const names = ['main', 'load', 'parse', 'keep', 'worker', 'other', 'a.c', '/bin/story', 'arena', HOSTILE[0]]
  return [
    'ctrace-text 1',
    'header session=00000000000000000000000000000002 base=0 rate=1000000 clock=5',
    'chunk STRINGS seq=0 lz4',
    ...names.map((name, at) => `  string ${at + 1} ${JSON.stringify(name)}`),
    'chunk PROCESSES seq=1',
    '  process 10 parent=1 name=1 start=0',
    '  process 20 parent=1 name=6 start=0',
    'chunk THREADS seq=2',
    '  thread 1 pid=10 tid=10 name=1 start=0 written=0 lost=0 state=2 clamped=0',
    '  thread 2 pid=10 tid=11 name=5 start=0 written=0 lost=0 state=2 clamped=0',
    '  thread 3 pid=20 tid=20 name=6 start=0 written=0 lost=0 state=2 clamped=0',
    '  thread 4 pid=30 tid=30 name=9 start=0 written=0 lost=0 state=2 clamped=0',
    'chunk MODULES seq=3',
    '  module 1 path=8',
    'chunk FRAMES seq=4',
    '  frame 1 module=1 address=1 function=1 file=7 line=10',
    '  frame 2 module=1 address=2 function=2 file=7 line=20',
    '  frame 3 module=1 address=3 function=3 file=7 line=30',
    '  frame 4 module=1 address=4 function=4 file=7 line=40',
    '  frame 5 module=1 address=0x99',
    '  frame 6 module=1 address=6 function=10 file=7 line=60',
    'chunk STACKS seq=5',
    '  stack 1 frame=1',
    '  stack 2 parent=1 frame=2',
    '  stack 3 parent=2 frame=3',
    '  stack 4 parent=1 frame=4',
    '  stack 5 parent=1 frame=5',
    '  stack 6 parent=1 frame=6',
    'chunk EVENTS seq=6 stream=1 base=0',
    '  +100 alloc 16 100 2 0 0',
    '  +100 alloc 32 50 3 0 0',
    '  +100 free 32 0',
    `  +100 alloc 48 ${KEPT} 4 0 0`,
    '  +10 alloc 64 2048 5 0 0',
    '  +10 alloc 80 10 6 0 0',
    '  +80 pool 5 36864 4096 "arena"',
    '  +10 alloc 36865 16 4 0 5',
    '  +490 free 64 0',
    'chunk EVENTS seq=7 stream=2 base=0',
    '  +500 free 16 0',
    '  +100 alloc 96 70 3 0 0',
    'chunk EVENTS seq=8 stream=3 base=0',
    '  +700 alloc 64 7 0 0 0',
    'chunk BUFFERS seq=9',
    '  buffer 9 source=1',
    'chunk EVENTS seq=10 stream=9 base=0',
    `  +50 process_memory 10 ${4 * KEPT} 4096`,
    '  +0 process_memory 30 8192 8192',
    '  +50 page_fault 10 4096 64 2',
    '  +300 page_fault 10 4096 64 4',
    `  +100 process_memory 10 ${6 * KEPT} 4096`,
    '  +300 page_fault 11 4096 64 4',
    `  +50 process_memory 10 ${5 * KEPT} 4096`,
    '',
  ].join('\n')
}

const panelText = async page => (await page.textContent('#panel')).replace(/[\u00a0\u202f]/g, ' ')

async function openMemory(page) {
  await page.click('#panel .tabs >> text=Memory')
  await page.waitForSelector('.heap-part')
}

async function visit(more = '', options = {}) {
  const page = await stand.visit(story.url + more, options)
  await openMemory(page)
  return page
}

const leave = page => stand.leave(page)
const places = page => page.locator('.heap-places tbody tr').allTextContents()
const choose = (page, measure) => page.click(`.measures >> text=${measure}`)

test('a trace with memory has the tab, one without has not', async () => {
  run(REQUESTS_TRACE, stand.file('requests.out'))
  const other = await stand.view('requests.out')
  const plain = await stand.visit(other.url)
  assert.equal(await plain.locator('#panel .tabs >> text=Memory').count(), 0)
  await leave(plain)
  const page = await visit()
  assert.match(await panelText(page), /Alive1\.0 MiB/)
  await leave(page)
})

test('each measure has its figure, its picture and its places', async () => {
  const page = await visit()
  const amounts = (await page.locator('.measures .amount').allTextContents()).map(text => text.replace(/\u202f/g, ' '))
  assert.deepEqual(amounts, ['1.0 MiB', '1.0 MiB', '2.1 KiB', '1.0 MiB', '768 KiB'])
  const rows = await places(page)
  assert.equal(rows.length, 5)
  assert.match(rows[0], /^keep< main1\.0/)
  await choose(page, 'Freed')
  assert.match((await places(page)).join(), /story\+0x99/)
  assert.equal(await page.getAttribute('.measures .on', 'aria-pressed'), 'true')
  await choose(page, 'Overdue')
  assert.match(await panelText(page), /What may have leaked/)
  await leave(page)
})

test('a click on a place tells its stack with lines, and how long its blocks lived', async () => {
  const page = await visit()
  await choose(page, 'Got')
  await page.click('.heap-places >> text=parse')
  const text = (await page.textContent('.heap-place')).replace(/[\u00a0\u202f]/g, ' ')
  assert.match(text, /Got120 B in 2 blocks/)
  assert.match(text, /a\.c:30.*a\.c:20.*a\.c:10/)
  assert.match(text, /Half lived no longer than 100 µs, the longest 100 µs/)
  assert.equal(await page.locator('.lives .life').count(), 1)
  await leave(page)
})

test('the flame graph of bytes is walked by key, zooms, and is a table as well', async () => {
  const page = await visit()
  await page.focus('.heap-part canvas.flame')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  const facts = async () => (await page.textContent('.flame-facts')).replace(/[\u00a0\u202f]/g, ' ')
  assert.match(await facts(), /keep99 % · 1\.0 MiB, 1\.0 MiB in itself · 2 blocks/)
  await page.keyboard.press('Enter')
  assert.match(await page.textContent('.crumbs'), /All › main › keep/)
  await page.keyboard.press('Escape')
  assert.equal(await page.textContent('.crumbs'), '')
  await page.click('.heap-part >> text=As a table')
  assert.match(await page.textContent('.flame-part .totals'), /Blocks/)
  await leave(page)
})

test('who freed what another thread got is a table', async () => {
  const page = await visit()
  const cell = page.locator('.hands td[title*="worker 11 freed"]')
  assert.equal((await cell.getAttribute('title')).replace(/[\u00a0\u202f]/g, ' '), 'main 10 got, worker 11 freed 100 B in 1 block')
  assert.match(await panelText(page), /Pools of the program.*arena4\.0 KiB16 B/)
  await leave(page)
})

test('of several processes one can be chosen', async () => {
  const page = await visit()
  await page.selectOption('#panel select', '20')
  await until(page, () => document.querySelector('.measures .amount')?.textContent.startsWith('7'))
  assert.match(await panelText(page), /Of nothing here a stack is known/)
  await leave(page)
})

test('a range says what grew in it, and what was there before', async () => {
  const page = await visit()
  await page.keyboard.press('Escape')
  const rect = await page.locator('#lanes').boundingBox()
  await page.mouse.move(rect.x + rect.width * 0.35, rect.y + 60)
  await page.mouse.down()
  await page.mouse.move(rect.x + rect.width * 0.45, rect.y + 62, {steps: 6})
  await page.mouse.up()
  await page.waitForSelector('.measures >> text=Growth')
  await choose(page, 'Growth')
  const text = await panelText(page)
  assert.match(text, /Growth\+1\.0 MiB/)
  assert.match(text, /told for whole processes/)
  await leave(page)
})

test('names of a trace are shown as they are, and nothing is markup', async () => {
  const page = await visit()
  await page.click('.heap-places tbody tr:nth-child(4) .link')
  assert.equal(await page.locator('.heap-part img, .heap-part script').count(), 0)
  await leave(page)
})

test('in the dark it is the same, and it stays when the theme changes', async () => {
  const page = await visit('', {colorScheme: 'dark'})
  await page.emulateMedia({colorScheme: 'light'})
  await settled(page)
  await page.waitForSelector('.heap-part')
  assert.match(await panelText(page), /Alive1\.0 MiB/)
  await leave(page)
})

/** A page whose answers about memory go through `lie`, which sends what it likes. */
async function visitLiar(lie) {
  const isMeant = text => text.includes('"type":"heap"')
  liar.tell({text: (text, send) => (isMeant(text) ? lie(JSON.parse(text), send) : send(text))})
  const page = await stand.visit(liar.url)
  await page.click('#panel .tabs >> text=Memory')
  return page
}

test('while the walk goes on the page says how far it is', async () => {
  let answer = () => undefined
  const page = await visitLiar((one, send) => {
    send(JSON.stringify({type: 'heap', req: one.req, done: false, count: 30, of: 100}))
    answer = () => send(JSON.stringify(one))
  })
  await until(page, () => /30\s%/.test(document.querySelector('.heap-progress')?.textContent ?? ''))
  assert.equal(await page.locator('.heap-progress progress').evaluate(bar => bar.value), 0.3)
  answer()
  await page.waitForSelector('.heap-part')
  await leave(page)
})

test('an answer that breaks the contract is refused', async () => {
  let isLying = true
  const page = await visitLiar((one, send) => {
    const [, ...nodes] = one.nodes
    send(JSON.stringify(isLying ? {...one, nodes: [[7, 0, ...one.total.sums], ...nodes]} : one))
  })
  page.isConnectionGone = true
  await until(page, () => /does not understand.*nodes/.test(document.querySelector('.notice.error:not(.connection)')?.textContent ?? ''))
  isLying = false
  await until(page, () => document.querySelector('.notice.connection') === null)
  await page.click('#panel .tabs >> text=Spans')
  await page.click('#panel .tabs >> text=Memory')
  await page.waitForSelector('.heap-part')
  await leave(page)
})

test('what is odd but keeps to the contract is shown', async () => {
  const odd = {
    'functions, threads that are not there': one => ({
      ...one,
      functions: [],
      hands: [[0, 40000, 5, 1, 0], [7, 7, 5, 1, 0], [0, 1, 0, 0, 0]],
    }),
    'numbers beyond all memory': one => ({...one, total: {...one.total, sums: one.total.sums.map(() => 9e18)}}),
    'lives by the million years': one => ({...one, places: one.places.map(place => ({...place, lives: [[0, 1], [1e6, 1], [0.5, 3]]}))}),
    'nothing at all': one => ({...one, events: 0, nodes: [], places: []}),
    'only a curve': one => ({...one, nodes: [], places: [], hands: [], pools: []}),
    'no curve': one => ({...one, curve: {step: 1e-9, points: []}}),
  }
  for (const [name, change] of Object.entries(odd)) {
    const page = await visitLiar((one, send) => send(JSON.stringify(change(one))))
    await page.waitForSelector('.heap-part')
    const rows = page.locator('.heap-places tbody tr .link')
    if ((await rows.count()) > 0) {
      await rows.first().click()
    }
    assert.equal(await page.locator('.notice.error').count(), 0, name)
    await leave(page)
  }
})

test('what is in RAM stands beside what is alive, by one scale and in words', async () => {
  const page = await visit()
  assert.match(await panelText(page), /Resident: 5\.0 MiB at the end, at most 6\.0 MiB, at 500/)
  assert.equal(await page.locator('.heap-curve svg .resident').count(), 1)
  assert.equal(await page.locator('.heap-curve svg .alive').count(), 1)
  await leave(page)
})

test('who touched pages first is a measure of its own', async () => {
  const page = await visit()
  await choose(page, 'Touched')
  const rows = await places(page)
  assert.equal(rows.length, 2)
  assert.match(rows[0].replace(/\u202f/g, ' '), /^keep< main512 KiB128/)
  assert.match(await panelText(page), /Pages/)
  await choose(page, 'Alive')
  await leave(page)
})
