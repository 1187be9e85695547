// SPDX-License-Identifier: MIT
// What a kernel tells, in the page: CPU lanes, states, calls, samples, who woke whom. The trace is
// kernel_story.mjs; times are in nanoseconds of its eighth round, which begins at 14 ms.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {settled, spansOf, stateOf, until} from './browser.mjs'
import {HOSTILE} from './hostile.mjs'
import {kernelText} from './kernel_story.mjs'
import {makeStand} from './stand.mjs'

const ROUND = 14_000_000
const NEAR = '&t=13900000~16100000'

let stand
let story
const visit = (more = NEAR, options = {}) => stand.visit(story.url + more, options)
const leave = page => stand.leave(page)

before(async () => {
  stand = await makeStand()
  stand.assemble('story.out', kernelText())
  story = await stand.view('story.out')
})

after(() => stand?.close())

/** A box of the picture by kind of lane, track and its time in the round; the innermost. */
async function boxAt(page, kind, track, micros) {
  const time = ROUND + micros * 1000
  const isThere = span => span.kind === kind && span.track === track && span.start <= time && span.start + span.duration > time
  const found = (await spansOf(page)).filter(isThere).sort((a, b) => b.y - a.y)[0]
  assert.ok(found !== undefined, `${kind} of ${track} at ${micros}`)
  return found
}

async function clickBox(page, ...where) {
  const box = await boxAt(page, ...where)
  await page.mouse.click(box.x, box.y)
  await until(
    page,
    ([lane, index]) => {
      const {detail} = window.ctraceTest.state()
      return detail?.lane === lane && detail.index === index
    },
    [box.lane, box.index],
  )
  return (await stateOf(page)).detail
}

const panelText = page => page.textContent('#panel')

async function panelHas(page, ...texts) {
  const isThere = wanted => {
    const text = document.getElementById('panel').textContent.replace(/[\u00a0\u202f]/g, ' ')
    return wanted.every(one => text.includes(one))
  }
  await until(page, isThere, texts)
}

const selected = async (page, test, argument) => {
  await until(page, test, argument)
  return (await stateOf(page)).detail
}

test('CPUs stand on top, a lane each, with the threads that had turns on them', async () => {
  const page = await visit()
  const {tracks} = await stateOf(page)
  assert.equal(tracks[0].kind, 'cpus')
  assert.deepEqual(await page.locator('.cpu-name').allTextContents(), ['CPU 0', 'CPU 1'])
  const turns = (await spansOf(page)).filter(span => span.kind === 'cpu')
  const inRound = turns.filter(turn => turn.start >= ROUND && turn.start < ROUND + 2_000_000)
  const said = inRound.map(turn => `${turn.name} ${(turn.start - ROUND) / 1000} ${turn.duration / 1000}`)
  assert.deepEqual(said.sort(), ['backup 900 100', 'logger 1600 120', 'main 1000 600', 'main 5 105', 'main 650 250', 'worker 1480 1230'].sort())
  const top = Math.min(...turns.map(turn => turn.y))
  assert.ok((await spansOf(page)).every(span => span.kind === 'cpu' || span.y > top))
  await leave(page)
})

test('a click on a turn selects it, and C goes to the thread and back', async () => {
  const page = await visit()
  const turn = await clickBox(page, 'cpu', 'CPUs', 1200)
  assert.equal(turn.turn.tid, 10)
  assert.match(await panelText(page), /Turn on a CPU.*main.*CPU 0/)
  await page.keyboard.press('c')
  const state = await selected(page, () => window.ctraceTest.state().detail?.state?.state === 'running')
  assert.deepEqual([state.start - ROUND, state.duration], [1_000_000, 600_000])
  await page.keyboard.press('c')
  await selected(page, index => window.ctraceTest.state().detail?.turn !== undefined && window.ctraceTest.state().detail.index === index, turn.index)
  await leave(page)
})

test('the strip above a thread shows each of its states, exactly', async () => {
  const page = await visit()
  const states = (await spansOf(page)).filter(span => span.kind === 'state' && span.track === 'main')
  const said = states
    .filter(state => state.start > ROUND && state.start <= ROUND + 1_600_000)
    .map(state => `${state.name} ${(state.start - ROUND) / 1000}`)
  assert.deepEqual(said, ['running 5', 'sleeping 110', 'woken 600', 'running 650', 'preempted 900', 'running 1000', 'sleeping 1600'])
  const span = await boxAt(page, 'span', 'main', 500)
  assert.ok(states.every(state => state.y < span.y))
  await leave(page)
})

test('the pointer over a wait says which call it was in', async () => {
  const page = await visit()
  const wait = await boxAt(page, 'state', 'main', 300)
  await page.mouse.move(wait.x, wait.y)
  await until(page, () => document.getElementById('tooltip').textContent.includes('sleeping in read'))
  const stuck = await boxAt(page, 'state', 'logger', 500)
  await page.mouse.move(stuck.x, stuck.y)
  await until(page, () => /uninterruptible in fsync.*no signal/.test(document.getElementById('tooltip').textContent))
  await leave(page)
})

test('of a wait the panel tells who ended it and what that thread did; U goes there', async () => {
  const page = await visit()
  const {state} = await clickBox(page, 'state', 'main', 300)
  assert.equal(state.waker.tid, 11)
  await panelHas(page, 'sleeping in read', 'Who ended it', 'worker 11 in write', 'after 490')
  const {wakes} = await stateOf(page)
  assert.equal(wakes.length, 1)
  assert.equal(wakes[0].from.time - ROUND, 600_000)
  await page.keyboard.press('u')
  const call = await selected(page, () => window.ctraceTest.state().detail?.category === 'syscall')
  assert.equal(call.start - ROUND, 590_000)
  await panelHas(page, 'System call', 'write', '4<pipe:[7]>', 'Woke (1)')
  await page.keyboard.press(']')
  await selected(page, () => window.ctraceTest.state().detail?.state !== undefined)
  await leave(page)
})

test('a timer that ended a wait is said to be an interrupt', async () => {
  const page = await visit()
  await clickBox(page, 'state', 'main', 1800)
  await panelHas(page, 'sleeping in clock_nanosleep', 'An interrupt')
  const {wakes} = await stateOf(page)
  assert.equal(wakes.length, 1)
  await page.click('#panel >> text=On its CPU')
  const turn = await selected(page, () => window.ctraceTest.state().detail?.turn !== undefined)
  assert.deepEqual([turn.lane, turn.turn.cpu], [wakes[0].from.lane, 0])
  await leave(page)
})

test('the wall time of a span is split exactly, and its parts lead to the longest', async () => {
  const page = await visit()
  const handle = await clickBox(page, 'span', 'main', 60)
  assert.equal(handle.duration, 1_480_000)
  await panelHas(page, 'Where its time went', 'Waiting for a CPU')
  const rows = await page.locator('#panel .split tbody tr').allTextContents()
  assert.deepEqual(rows.map(row => row.replace(/\s+/g, ' ')), ['Running840 µs57 %3', 'readsystem call490 µs33 %1', 'Waiting for a CPU150 µs10 %2'])
  assert.match(await page.getAttribute('#panel .split-bar', 'aria-label'), /Running 57.*read 33.*CPU 10/)
  await page.click('#panel .split tbody >> text=read')
  const there = await selected(page, () => {
    const {detail} = window.ctraceTest.state()
    return detail != null && (detail.kind !== 'span' || detail.category === 'syscall')
  })
  assert.equal(there.start >= ROUND, true)
  await leave(page)
})

test('a call shows its arguments as one would write them, and its error by name', async () => {
  const page = await visit('&t=14250000~14350000')
  await clickBox(page, 'span', 'worker', 305)
  await panelHas(page, 'System call', 'openat', '-2', 'ENOENT', '"/etc/shop.conf"', 'AT_FDCWD', 'O_CLOEXEC')
  assert.equal(await page.locator('#panel .result.bad').count(), 1)
  await leave(page)
})

test('a call into a library is told apart from one into the system', async () => {
  const page = await visit('&t=14690000~14740000')
  const lock = await clickBox(page, 'span', 'main', 710)
  assert.equal(lock.category, 'call')
  await panelHas(page, 'Library call', 'pthread_mutex_lock')
  await leave(page)
})

/** Clicks into the strip of samples, which stands right under the states. */
async function clickSample(page, micros) {
  const state = await boxAt(page, 'state', 'main', micros)
  const rect = await page.locator('#lanes').boundingBox()
  const {start, end} = await stateOf(page)
  const x = rect.x + (rect.width * (ROUND + micros * 1000 - start)) / (end - start)
  await page.mouse.click(x, state.y + 11)
}

test('a sample shows its stack with file and line, inlined functions said to be so', async () => {
  const page = await visit('&t=14950000~15350000')
  await clickSample(page, 1050)
  await panelHas(page, 'Sample', 'Stack')
  const frames = await page.locator('#panel .stack li').allTextContents()
  assert.deepEqual(frames, ['copyinlinedbytes.h:9', 'escapepage.c:31', 'renderpage.c:7', 'handleshop.c:40', 'mainshop.c:12'])
  await leave(page)
})

test('a click on samples too close to tell apart shows what they found', async () => {
  stand.assemble('long.out', kernelText({rounds: 400}))
  const {url} = await stand.view('long.out')
  const page = await stand.visit(url)
  const {start, end, tracks} = await stateOf(page)
  const rect = await page.locator('#lanes').boundingBox()
  const head = await page.locator('.head.thread').last().boundingBox()
  assert.match(tracks.at(-1).label, /worker/)
  await page.mouse.click(rect.x + (rect.width * (400_000_000 - start)) / (end - start), head.y + 3 + 14 + 4)
  await until(page, () => window.ctraceTest.state().selection?.type === 'range')
  await panelHas(page, 'Merged events', 'As a table', 'worker')
  await leave(page)
})

test('a range shows the samples in it as a flame that zooms and searches', async () => {
  const page = await visit('&r=14000000~16000000')
  await page.click('#panel .tabs >> text=Samples')
  await panelHas(page, '8 samples')
  const flame = page.locator('canvas.flame')
  const {width} = await flame.boundingBox()
  await flame.click({position: {x: width * 0.1, y: 45}})
  await panelHas(page, 'All', 'render', '4 samples')
  await page.keyboard.press('Escape')
  await until(page, () => document.querySelector('#panel .crumbs').textContent === '')
  await page.fill('#panel .flame-part .filter', 'hash')
  await panelHas(page, '38 %')
  await page.click('#panel >> text=As a table')
  const first = await page.locator('#panel .flame-part tbody tr').allTextContents()
  assert.ok(first.some(row => row.startsWith('hash')))
  await leave(page)
})

test('a flame is walked by the arrow keys', async () => {
  const page = await visit('&r=14000000~16000000')
  await page.click('#panel .tabs >> text=Samples')
  await page.focus('canvas.flame')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await panelHas(page, 'shop.c · /usr/bin/shop')
  assert.match(await page.textContent('#panel .flame-facts'), /^handle/)
  await page.keyboard.press('Enter')
  await until(page, () => document.querySelector('#panel .crumbs').textContent.includes('handle'))
  await leave(page)
})

test('a range shows for each thread where its time went; a click shows one thread alone', async () => {
  const page = await visit('&r=14000000~16000000')
  await page.click('#panel .tabs >> text="Time"')
  await panelHas(page, 'Runnable')
  const rows = await page.locator('#panel tbody tr').allTextContents()
  assert.equal(rows.length, 3)
  assert.ok(rows.some(row => /main 10955\sµs155\sµs890\sµs/.test(row)), rows.join('\n'))
  await page.click('#panel tbody >> text=logger')
  await panelHas(page, 'fsync', 'Longest waits')
  await leave(page)
})

test('CPU lanes, states, samples and arrows go and come by key; the address and the next visit know', async () => {
  const page = await visit()
  const kinds = async () => [...new Set((await spansOf(page)).map(span => span.kind))].sort()
  assert.deepEqual(await kinds(), ['cpu', 'span', 'state'])
  await clickBox(page, 'state', 'main', 300)
  for (const key of ['1', '2', '3', 'x']) {
    await page.keyboard.press(key)
  }
  await settled(page)
  assert.deepEqual(await kinds(), ['span'])
  assert.deepEqual((await stateOf(page)).wakes, [])
  await until(page, () => location.hash.includes('h=cpus~states~samples~arrows'))
  await page.goto('about:blank')
  await page.goto(story.url)
  await settled(page)
  assert.deepEqual((await stateOf(page)).hidden, ['cpus', 'states', 'samples', 'arrows'])
  await page.click('[title="What is shown"]')
  await page.click('[role=menuitemcheckbox] >> text=Thread states')
  await settled(page)
  assert.deepEqual(await kinds(), ['span', 'state'])
  await leave(page)
})

test('what is gone to comes back into sight, though its layer was hidden', async () => {
  const page = await visit()
  await page.keyboard.press('1')
  await clickBox(page, 'state', 'main', 1200)
  await page.keyboard.press('c')
  await selected(page, () => window.ctraceTest.state().detail?.turn !== undefined)
  await until(page, () => !window.ctraceTest.state().hidden.includes('cpus'))
  await leave(page)
})

test('the panel lists where events come from, and what is missing and why', async () => {
  const page = await visit('')
  await panelHas(page, 'Where events come from', 'clock checked 210×', 'preload missing', 'the program is static')
  assert.equal(await page.locator('#problems .clock').count(), 0)
  await leave(page)
})

test('a clock that does not agree, and what a kernel lost, are said above the picture', async () => {
  stand.assemble('stray.out', kernelText({misses: 3, lost: 7}))
  const {url} = await stand.view('stray.out')
  const page = await stand.visit(url)
  assert.match(await page.textContent('#problems .clock'), /clock of 1.source did not agree/)
  assert.match(await page.textContent('#problems .lost'), /7.events lost/)
  await panelHas(page, '3 of 210', '7 lost')
  const unknown = (await spansOf(page)).filter(span => span.kind === 'state' && span.name === 'unknown')
  assert.ok(unknown.length > 0)
  await leave(page)
})

test('names that want to be markup stay text wherever a kernel brings them', async () => {
  const words = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', '\u202egnp.exe', ...(Array.isArray(HOSTILE) ? HOSTILE.slice(0, 3) : [])]
  for (const [at, word] of words.entries()) {
    stand.assemble(`hostile${at}.out`, kernelText({rounds: 9, word}))
    const {url} = await stand.view(`hostile${at}.out`)
    const page = await stand.visit(`${url}&t=14950000~15350000&r=14000000~16000000`)
    await page.click('#panel .tabs >> text=Samples')
    await panelHas(page, '8 samples')
    await page.click('#panel >> text=As a table')
    await page.click('#panel .tabs >> text="Time"')
    await panelHas(page, 'Runnable')
    await page.mouse.click(500, 250)
    await settled(page)
    assert.equal(await page.locator('#panel img, #panel script, #tooltip img').count(), 0)
    await leave(page)
  }
})
