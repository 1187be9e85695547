// SPDX-License-Identifier: MIT
// Where threads slept, in the page: the graph off the CPU whose sum is that of the states, estimates said to be so, the
// panel of a sleep and of a wait for a lock. The trace is sleep_story.mjs.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {open, settled, spansOf, stateOf, until} from './browser.mjs'
import {HOSTILE} from './hostile.mjs'
import {makeLiar} from './liar.mjs'
import {sleepText} from './sleep_story.mjs'
import {makeStand} from './stand.mjs'

const MS = 1_000_000

let stand
let story
let silent

before(async () => {
  stand = await makeStand()
  stand.assemble('story.out', sleepText())
  stand.assemble('silent.out', sleepText({hasSwitches: false}))
  story = await stand.view('story.out')
  silent = await stand.view('silent.out')
})

after(() => stand?.close())

const leave = page => stand.leave(page)
const plain = text => text.replace(/[\u00a0\u202f]/g, ' ')

async function panelHas(page, ...texts) {
  const isThere = wanted => {
    const text = document.getElementById('panel').textContent.replace(/[\u00a0\u202f]/g, ' ')
    return wanted.every(one => text.includes(one))
  }
  await until(page, isThere, texts)
}

async function visit(url, tab = 'Samples') {
  const page = await stand.visit(url)
  await page.getByRole('button', {name: tab, exact: true}).click()
  await until(page, () => document.querySelector('.sleeps-part .flame-part, .locks-part') !== null)
  return page
}

/** What the table below the graph says: name, self, total, share, count. */
async function functionsOf(page) {
  await page.locator('.sleeps-part').getByRole('button', {name: 'As a table'}).click()
  const rows = await page.locator('.sleeps-part tbody tr').evaluateAll(all => all.map(row => [...row.cells].map(cell => cell.innerText)))
  return rows.map(row => row.map(plain))
}

/** The box of the strip that stands for a time of a thread. */
async function clickState(page, track, time) {
  const isThere = span => span.kind === 'state' && span.track === track && span.start <= time && span.start + span.duration > time
  const box = (await spansOf(page)).find(isThere)
  assert.ok(box !== undefined, `a state of ${track} at ${time}`)
  await page.mouse.click(box.x, box.y)
}

test('off the CPU all that threads slept is there, with what nobody looked at', async () => {
  const page = await visit(story.url)
  await panelHas(page, '2.72 s asleep, 50 sleeps of 3 threads · 800 ms of it not looked at')
  const rows = await functionsOf(page)
  const selves = Object.fromEntries(rows.map(([name, self]) => [name, self]))
  assert.deepEqual(
    [selves.epoll_wait, selves.clock_nanosleep, selves.pread, selves['[not looked at]']],
    ['980 ms', '630 ms', '310 ms', '800 ms'],
  )
  assert.equal(await page.locator('.sleeps-part .remark').count(), 0)
  await leave(page)
})

test('a range and a thread have the sleeps in it, cut to it', async () => {
  const {tracks} = await stateOf(await stand.visit(story.url))
  const track = tracks.find(one => one.label.startsWith('worker 2')).id
  const page = await visit(`${story.url}&r=${20 * MS}~${110 * MS}&in=${track}`)
  await panelHas(page, '84 ms asleep, 3 sleeps of 1 thread')
  await leave(page)
})

test('without switches it says that all is an estimate, and of what', async () => {
  const page = await visit(silent.url)
  await panelHas(page, '≈ Estimated: when these threads ran was not recorded', '≈ 1.94 s asleep, 50 looks of 2 threads')
  const rows = await functionsOf(page)
  assert.ok(rows.every(([, self, total]) => self.startsWith('≈') && total.startsWith('≈')))
  await leave(page)
})

test('of what is not there the switch says why', async () => {
  const page = await visit(story.url)
  const choice = page.getByRole('button', {name: 'On CPU', exact: true})
  assert.equal(await choice.isDisabled(), true)
  assert.equal(await choice.getAttribute('title'), 'There are no samples of these threads')
  assert.equal(await page.getByRole('button', {name: 'Off CPU', exact: true}).getAttribute('aria-pressed'), 'true')
  await leave(page)
})

test('the panel of a sleep says where the thread slept, each place once', async () => {
  const page = await stand.visit(`${story.url}&t=0~${100 * MS}`)
  await clickState(page, 'worker 2', 40 * MS)
  await panelHas(page, 'Where it slept', 'clock_nanosleep < holds_it_long < work < main', '16.9 ms into the sleep, 2 times, last 54.9 ms into it')
  const places = await page.locator('.looks summary').allInnerTexts()
  assert.deepEqual(places.map(text => plain(text).split('\n')[0]), [
    'clock_nanosleep < holds_it_long < work < main',
    'flush < holds_it_long < work < main',
  ])
  const isOpen = await page.locator('.looks details').evaluateAll(all => all.map(one => one.open))
  assert.deepEqual(isOpen, [true, false])
  await page.locator('.looks summary').nth(1).focus()
  await page.keyboard.press('Enter')
  await until(page, () => [...document.querySelectorAll('.looks details')].every(one => one.open))
  assert.match(await page.locator('.looks').innerText(), /holds_it_long\nwork\.c:7/)
  await leave(page)
})

test('a sleep that nobody looked at says nothing of where it was', async () => {
  const page = await stand.visit(`${story.url}&t=0~${100 * MS}`)
  await clickState(page, 'worker 1', 90 * MS)
  await panelHas(page, 'State of a thread', 'sleeping')
  assert.equal(await page.locator('.looks').count(), 0)
  await leave(page)
})

test('the split of a thread names the functions that it slept in', async () => {
  const {tracks} = await stateOf(await stand.visit(story.url))
  const track = tracks.find(one => one.label.startsWith('worker 2')).id
  const page = await stand.visit(`${story.url}&r=0~${100 * MS}&in=${track}`)
  await page.getByRole('button', {name: 'Time', exact: true}).click()
  await panelHas(page, 'clock_nanosleep in holds_it_long', 'pread64 in read_block')
  await leave(page)
})

test('a lock says where its holders were, and the panel of a wait has the stacks', async () => {
  const page = await visit(story.url, 'Locks')
  await page.locator('.locks-part .fold').first().click()
  const said = plain(await page.locator('.lock-detail').innerText()).replace(/\s+/g, ' ')
  assert.match(said, /Holder was in holds_it_long work\.c:7/)
  assert.match(said, /held by worker 2 22 · asleep in holds_it_long, 12 ms into it/)
  await page.locator('.lock-detail .link').first().click()
  await panelHas(page, 'While this thread waited, worker 2 22 was asleep at', '12 ms into the wait, 2 times, last 50 ms into it', '30 ms into the wait')
  await leave(page)
})

test('hostile names of functions, files and threads are text', async () => {
  const word = HOSTILE.slice(0, 12).join(' ')
  stand.assemble('hostile.out', sleepText({rounds: 2, word}))
  const hostile = await stand.view('hostile.out')
  const page = await visit(hostile.url)
  assert.deepEqual((await functionsOf(page)).map(([, self]) => self).sort(), ['0 ns', '0 ns', '0 ns', '0 ns', '0 ns', '126 ms', '160 ms', '196 ms', '62.0 ms'])
  await page.getByRole('button', {name: 'Locks', exact: true}).click()
  await until(page, () => document.querySelector('.locks-part .fold') !== null)
  await page.locator('.locks-part .fold').first().click()
  await page.locator('.lock-detail .link').first().click()
  await panelHas(page, 'was asleep at')
  assert.equal(await page.locator('#panel img, #panel iframe, #panel script, #panel form').count(), 0)
  await leave(page)
})

const seenOf = answer => answer.state.seen

/** Each changes an answer; the page must refuse it whole. */
const LIES = {
  'a sum below nothing': one => ({...one, all: {...one.all, total: -1}}),
  'a sum that is not there': one => ({...one, not_looked_at: undefined}),
  'a tree that is none': one => ({...one, nodes: [[0, 0, 5, 5, 1]]}),
}

/** They keep to the contract and are odd all the same. */
const ODD = {
  'more that nobody looked at than there is': one => ({...one, not_looked_at: {total: 9e18, count: 1, estimated: 0}}),
  'functions that point nowhere': one => ({...one, functions: []}),
  'nothing at all': one => ({...one, nodes: [], functions: [], all: {total: 0, count: 0, estimated: 0}, not_looked_at: {total: 0, count: 0, estimated: 0}}),
}

async function told(t, type, edit) {
  const liar = await makeLiar(story.url)
  t.after(() => liar.close())
  liar.tell({
    text: (message, send) => {
      const one = JSON.parse(message)
      send(one.type === type ? JSON.stringify(edit(one)) : message)
    },
  })
  const page = await open(stand.browser, `${liar.url}&t=0~${100 * MS}`)
  await settled(page)
  return page
}

const isRefused = () => /does not understand/.test(document.querySelector('.notice.error:not(.connection)')?.textContent ?? '')

test('lies about sleeps are refused whole, and what is odd is shown', async t => {
  for (const [name, edit] of Object.entries({...LIES, ...ODD})) {
    await t.test(name, async t => {
      const page = await told(t, 'sleeps', edit)
      await page.getByRole('button', {name: 'Samples', exact: true}).click()
      if (name in LIES) {
        await until(page, isRefused)
      } else {
        await until(page, () => document.querySelector('.sleeps-part .flame-part') !== null)
      }
      await page.context().close()
    })
  }
})

test('a look without frames is refused, one of an unknown state is shown', async t => {
  const lie = await told(t, 'event', one => (one.state === undefined ? one : {...one, state: {...one.state, seen: [{...seenOf(one)[0], frames: 3}]}}))
  await clickState(lie, 'worker 2', 40 * MS)
  await until(lie, isRefused)
  await lie.context().close()
  const odd = await told(t, 'event', one => ({...one, state: {...one.state, seen: [{...seenOf(one)[0], state: 'constructor', frames: []}]}}))
  await clickState(odd, 'worker 2', 40 * MS)
  await until(odd, () => document.querySelector('.looks') !== null)
  await odd.context().close()
})
