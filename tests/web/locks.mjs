// SPDX-License-Identifier: MIT
// Locks in the page: threads that wait for each other for ever, the costly locks and their waits, where
// it was waited, and what the panel of a wait says of both threads.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {open, settled, stateOf, until} from './browser.mjs'
import {HOSTILE} from './hostile.mjs'
import {makeLiar} from './liar.mjs'
import {makeStand} from './stand.mjs'

const quoted = text => JSON.stringify(text)

/**
 * Worker 1 waits 100 us in lock_it for what worker 2 has, who lets it go in give_it, and 40 us more; worker 2 waits at a condition. Then each
 * waits for what the other one has.
 */
function lockText() {
  const strings = ['pthread_mutex_lock', 'pthread_cond_wait', 'worker 1', HOSTILE[0], 'work', 'lock_it', 'give_it', 'a.c', 'locks', 'std::mutex::lock']
  return [
    'ctrace-text 1',
    'header base=1000 rate=1000000000',
    'chunk STRINGS',
    ...strings.map((text, i) => `  string ${i + 1} ${quoted(text)}`),
    'chunk SOURCES',
    '  source 9 state=1 events=0 lost=0 checks=0 misses=0 slack=0',
    'chunk CALLS',
    '  call 8192 layer=2 name=1',
    '  call 8193 layer=2 name=2',
    'chunk FRAMES',
    '  frame 1 module=0 address=0x1 function=5 file=8 line=10 flags=0 outer=0',
    '  frame 2 module=0 address=0x2 function=10 file=8 line=30 flags=1 outer=3',
    '  frame 3 module=0 address=0x2 function=6 file=8 line=20 flags=0 outer=0',
    '  frame 4 module=0 address=0x4 function=7 file=8 line=40 flags=0 outer=0',
    'chunk STACKS',
    '  stack 1 parent=0 frame=1',
    '  stack 2 parent=1 frame=2',
    '  stack 3 parent=1 frame=4',
    'chunk THREADS',
    '  thread 1 pid=20 tid=21 name=3 written=11 lost=0 state=1',
    '  thread 2 pid=20 tid=22 name=4 written=5 lost=0 state=1',
    'chunk EVENTS stream=1 base=101000',
    '  +0 lock_wait 4096 1 8192 22',
    '  +10 lock_stack 2',
    '  +99990 lock_acquired 4096 1 8192 0',
    '  +100000 lock_wait 4096 1 8192 22',
    '  +10 lock_stack 2',
    '  +39990 lock_acquired 4096 1 8192 0',
    '  +100000 lock_wait 12288 1 8192 22',
    '  +10 lock_stack 2',
    'chunk EVENTS stream=2 base=190000',
    '  +0 lock_released 4096 1',
    '  +10 lock_stack 3',
    '  +10000 lock_wait 8192 4 8193 0',
    '  +90000 lock_acquired 8192 4 8193 0',
    '  +200000 lock_wait 16384 1 8192 21',
    'chunk THREADS',
    '  thread 1 pid=20 tid=21 name=3 written=8 lost=0 state=1',
    '  thread 2 pid=20 tid=22 name=4 written=5 lost=0 state=1',
    'chunk INDEX auto',
    'trailer',
  ].join('\n')
}

/** A trace of `ctrace record` without locks: one thread, one instant. */
function otherText(state) {
  return [
    'ctrace-text 1',
    'header base=1000 rate=1000000000',
    'chunk STRINGS',
    '  string 1 "locks"',
    '  string 2 "main"',
    'chunk SOURCES',
    state,
    'chunk THREADS',
    '  thread 1 pid=20 tid=20 name=2 written=1 lost=0 state=1',
    'chunk EVENTS stream=1 base=2000',
    '  +0 thread_name "main"',
    'chunk INDEX auto',
    'trailer',
  ].join('\n')
}

let stand
let locks

before(async () => {
  stand = await makeStand()
  stand.assemble('locks.out', lockText())
  locks = await stand.view('locks.out')
})

after(() => stand?.close())

const plain = text => text.replace(/[\u00a0\u202f]/g, ' ')

/** The page with the tab of locks on. */
async function visit(url = locks.url, options = {}) {
  const page = await stand.visit(url, options)
  await page.getByRole('button', {name: 'Locks', exact: true}).click()
  await until(page, () => document.querySelector('.locks-part') !== null)
  return page
}

const leave = page => stand.leave(page)

const rowsOf = page =>
  page.locator('.locks-part table.totals > tbody > tr:not(.unfolded)').evaluateAll(rows =>
    rows.map(row => [...row.cells].map(cell => cell.innerText.replace(/[\u00a0\u202f]/g, ' ').replace(/\s+/g, ' ').trim())),
  )

test('threads that wait for each other for ever stand above all, with ways to their waits', async () => {
  const page = await visit()
  const said = plain(await page.locator('.deadlock').innerText())
  assert.match(said, /^Deadlock: 2 threads wait for each other/)
  assert.match(said, /worker 1 21 waits in lock_it for mutex 0x3000, which .* 22 has/)
  await page.locator('.deadlock .link').first().click()
  await until(page, () => window.ctraceTest.state().detail?.is_unfinished === true)
  const {detail} = await stateOf(page)
  assert.equal(detail.start, 440_000)
  await leave(page)
})

test('locks are listed by the time that threads waited for them, with the place', async () => {
  const page = await visit()
  const rows = await rowsOf(page)
  const mine = rows.find(row => row[0].includes('0x1000'))
  assert.deepEqual([mine[0], mine[1], mine[2], mine[3]], ['mutex 0x1000 lock_it', '140 µs', '2', '100 µs'])
  assert.ok(rows.every(row => !row[0].startsWith('condition')))
  await page.getByRole('button', {name: 'All waits'}).click()
  await until(page, () => /condition/.test(document.querySelector('.locks-part')?.textContent ?? ''))
  assert.match(plain(await page.locator('.locks-part .lead').innerText()), /^5 waits for 4 locks/)
  await page.getByRole('button', {name: 'Held locks'}).click()
  await until(page, () => !/condition/.test(document.querySelector('.locks-part')?.textContent ?? 'condition'))
  await leave(page)
})

test('a lock unfolds by key to its longest waits, and a wait goes to the timeline', async () => {
  const page = await visit()
  const row = page.locator('.locks-part tr', {hasText: '0x1000'}).first()
  await row.locator('.fold').focus()
  await page.keyboard.press('Enter')
  await until(page, () => document.querySelector('.lock-detail') !== null)
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-expanded')), 'true')
  const said = plain(await page.locator('.lock-detail').innerText()).replace(/\s+/g, ' ')
  assert.match(said, /Waited in lock_it a\.c:20 Let go in give_it a\.c:40/)
  assert.match(said, /100 µs worker 1 21 at 100 µs · held by/)
  await page.locator('.lock-detail .link').first().click()
  await until(page, () => window.ctraceTest.state().detail?.duration === 100_000)
  await leave(page)
})

test('unfolded stays unfolded when the table is sorted anew, and folds again', async () => {
  const page = await visit()
  await page.locator('.locks-part tr', {hasText: '0x1000'}).first().locator('.fold').click()
  await page.locator('.locks-part th', {hasText: 'Waits'}).getByRole('button').click()
  assert.equal(await page.locator('.lock-detail').count(), 1)
  await page.locator('.locks-part tr', {hasText: '0x1000'}).first().locator('.fold').click()
  assert.equal(await page.locator('.lock-detail').count(), 0)
  await leave(page)
})

test('of a wait the panel says where both threads were, and when it went on', async () => {
  const page = await visit()
  await page.locator('.locks-part tr', {hasText: '0x1000'}).first().locator('td .link').last().click()
  await until(page, () => document.getElementById('panel').textContent.includes('Who let it go'))
  const said = plain(await page.textContent('#panel'))
  assert.match(said, /Waited instd::mutex::lockinlineda\.c:30lock_ita\.c:20worka\.c:10/)
  assert.match(said, /Who had the lock/)
  assert.match(said, /Who let it go.*after 89 µs.*went on 11 µs later.*give_ita\.c:40/)
  await leave(page)
})

test('the table is copied with tabs and exact times', async () => {
  const page = await visit(locks.url, {permissions: ['clipboard-read', 'clipboard-write']})
  await page.locator('.locks-part .copy').click()
  await until(page, () => document.querySelector('.locks-part .copy').textContent === 'Copied')
  const text = await page.evaluate(() => navigator.clipboard.readText())
  assert.match(text, /^Lock\tWaited\tWaits\tLongest\tThreads\tHeld by\n/)
  assert.match(text, /\nmutex 0x1000 lock_it\t140000\t2\t100000\t1\t/)
  await leave(page)
})

test('where it was waited is a tree of functions whose times are those of the waits', async () => {
  const page = await visit()
  await page.locator('.locks-part').getByRole('button', {name: 'As a table'}).click()
  const said = plain(await page.locator('.locks-part .flame-part').innerText())
  assert.match(said, /lock_it/)
  assert.match(said, /work\b/)
  await leave(page)
})

test('a range has the waits that touch it, of its threads alone', async () => {
  const trackOf = async page => (await stateOf(page)).tracks.find(track => track.label.startsWith('worker 1')).id
  const whole = await visit(`${locks.url}&r=290000~330000`)
  const [first] = await rowsOf(whole)
  assert.deepEqual([first[0], first[2]], ['mutex 0x1000 lock_it', '1'])
  const track = await trackOf(whole)
  await leave(whole)
  const page = await visit(`${locks.url}&r=0~480000&in=${track}`)
  assert.match(plain(await page.locator('.locks-part .lead').innerText()), /^3 waits for 2 locks/)
  await leave(page)
})

test('where locks were not recorded it says how to', async () => {
  stand.assemble('other.out', otherText('  source 1 state=3'))
  const other = await stand.view('other.out')
  const page = await visit(other.url)
  await until(page, () => document.getElementById('panel').textContent.includes('ctrace record --sources +locks'))
  await leave(page)
})

test('where locks could not be recorded it says why', async () => {
  stand.assemble('static.out', otherText('  source 1 state=2 why=3').replace('  string 2 "main"', '  string 2 "main"\n  string 3 "the program is static"'))
  const other = await stand.view('static.out')
  const page = await visit(other.url)
  await until(page, () => document.getElementById('panel').textContent.includes('could not be recorded: the program is static'))
  await leave(page)
})

test('where nobody waited it says so', async () => {
  stand.assemble('idle.out', otherText('  source 1 state=1 events=0 lost=0 checks=0 misses=0 slack=0'))
  const idle = await stand.view('idle.out')
  const page = await visit(idle.url)
  await until(page, () => document.getElementById('panel').textContent.includes('No thread waited for a lock here.'))
  await leave(page)
})

/** Each changes the answer about locks. */
const LIES = {
  'a lock that was waited for less than nothing': one => ({...one, locks: [{...one.locks[0], total: -5}]}),
  'locks that are a number': one => ({...one, locks: 7}),
  'a circle without threads': one => ({...one, deadlocks: [{waits: []}]}),
  'a place that calls itself for ever': one => ({...one, flame: {...one.flame, nodes: [[0, 0, 5, 5, 1]]}}),
}

/** They keep to the contract and are odd all the same. */
const ODD = {
  'a kind nobody knows': one => ({...one, locks: [{...one.locks[0], kind: 'constructor', lock: HOSTILE[1]}]}),
  'a wait that is nowhere': one => ({...one, locks: [{...one.locks[0], waits: [{...one.locks[0].waits[0], place: [4e9, 4e9]}]}]}),
  'a circle of nobody': one => ({...one, deadlocks: [{threads: 0, waits: []}]}),
}

test('lies about locks are refused whole, and what is odd is shown', async t => {
  const liar = await makeLiar(locks.url)
  t.after(() => liar.close())
  for (const [name, edit] of Object.entries({...LIES, ...ODD})) {
    await t.test(name, async () => {
      liar.tell({
        text: (message, send) => send(JSON.parse(message).type === 'locks' ? JSON.stringify(edit(JSON.parse(message))) : message),
      })
      const page = await open(stand.browser, liar.url)
      await settled(page)
      await page.getByRole('button', {name: 'Locks', exact: true}).click()
      await until(
        page,
        isLie => (isLie ? /does not understand/.test(document.querySelector('.notice.error:not(.connection)')?.textContent ?? '') : document.querySelector('.locks-part') !== null),
        name in LIES,
      )
      await page.context().close()
    })
  }
})
