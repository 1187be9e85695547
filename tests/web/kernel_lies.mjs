// SPDX-License-Identifier: MIT
// A server that lies about states, splits and flames: the page says so, keeps its picture, and is whole
// again as soon as the answers are.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {open, settled, spansOf, until} from './browser.mjs'
import {kernelText} from './kernel_story.mjs'
import {makeLiar} from './liar.mjs'
import {makeStand} from './stand.mjs'

let stand
let liar

before(async () => {
  stand = await makeStand()
  stand.assemble('story.out', kernelText())
  liar = await makeLiar((await stand.view('story.out')).url)
})

after(async () => {
  await liar?.close()
  await stand?.close()
})

const change = edit => message => JSON.stringify(edit(message))

/** Each changes the parsed answer and gives what is sent instead. */
const LIES = {
  split: {
    'a part of less than nothing': change(one => ({...one, parts: [{...one.parts[0], total: -5}]})),
    'a part that is a number': change(one => ({...one, parts: [7]})),
    'waits without a place': change(one => ({...one, waits: [{start: 1, duration: 2, part: 'call'}]})),
    'no duration': change(({duration: _, ...rest}) => rest),
    'a duration beyond all time': change(one => ({...one, duration: 1e300})),
    'the answer to another question': change(one => ({type: 'search', req: one.req, count: 1, names: []})),
  },
  flame: {
    'a function that calls itself for ever': change(one => ({...one, nodes: [[0, 0, 5, 5, 1]]})),
    'a parent that comes later': change(one => ({...one, nodes: [[-1, 0, 5, 0, 1], [2, 0, 5, 5, 1], [0, 0, 5, 5, 1]]})),
    'half a node': change(one => ({...one, nodes: [[-1, 0]]})),
    'more self than total': change(one => ({...one, nodes: [[-1, 0, 5, 500, 1]]})),
    'functions without end': change(one => ({...one, functions: 'many'})),
    'half of it': one => JSON.stringify(one).slice(0, 40),
  },
  event: {
    'a state that is a number': change(one => ({...one, state: {state: 7}})),
    'a waker from nowhere': change(one => ({...one, state: {state: 'sleeping', waker: {time: 1}}})),
    'a stack of numbers': change(one => ({...one, sample: {frames: [1, 2]}})),
    'a result that is none': change(one => ({...one, result: {value: 5}})),
  },
}

/** Answers that keep to the contract and are odd all the same: shown, not refused. */
const ODD = {
  split: {
    'a kind of part nobody knows': change(one => ({...one, parts: [{part: 'constructor', total: 5, count: 1}]})),
    'parts without number': change(one => ({...one, parts: Array.from({length: 3000}, () => one.parts[0])})),
  },
  flame: {
    'functions that are not there': change(one => ({...one, nodes: [[-1, 4_000_000, 5, 5, 1]]})),
    'a chain of 4096': change(one => ({...one, nodes: Array.from({length: 4096}, (_, at) => [at - 1, 0, 5, 0, 1])})),
    'weights of nothing': change(one => ({...one, weight: 0, nodes: [[-1, 0, 0, 0, 0]]})),
    'nothing at all': change(one => ({...one, samples: 0, nodes: [], functions: []})),
  },
  event: {
    'a state nobody knows': change(one => ({...one, state: {state: '__proto__'}})),
    'a waker in a lane that is not': change(one => ({
      ...one,
      state: {state: 'sleeping', waker: {time: 1, tid: 5, label: 'x', running: [4_000_000, 7]}},
    })),
  },
}

/** Passes everything on but answers of a type, which it changes. */
function tellLie(type, lie) {
  const isMeant = text => text.startsWith('{') && text.includes(`"type":"${type}"`) && !text.includes('"hello"')
  liar.tell({text: (text, send) => send(isMeant(text.replace(/\s/g, '')) ? lie(JSON.parse(text)) : text)})
}

async function begin() {
  liar.tell(null)
  const page = await open(stand.browser, `${liar.url}&t=13900000~16100000`)
  await settled(page)
  const spans = await spansOf(page)
  const place = (kind, name) => spans.find(span => span.kind === kind && span.name === name && span.duration < 1e6 * 2)
  const state = place('state', 'sleeping')
  const handle = place('span', 'handle')
  const asks = {
    split: `#e=${handle.lane}~${handle.index}`,
    flame: `#e=${handle.lane}~${handle.index}`,
    event: `#e=${state.lane}~${state.index}`,
  }
  return {page, asks, go: hash => page.evaluate(to => (location.hash = to), hash)}
}

const dismiss = page =>
  page.$$eval('.notice.error button[aria-label="Hide this"]', all => all.forEach(button => button.click()))

for (const type of Object.keys(LIES)) {
  test(`lies about a ${type} are refused whole`, async t => {
    const {page, asks, go} = await begin()
    page.isConnectionGone = true
    for (const [name, lie] of Object.entries(LIES[type])) {
      await t.test(name, async () => {
        await go('#')
        tellLie(type, lie)
        await go(asks[type])
        await until(page, () => /does not understand/.test(document.querySelector('.notice.error:not(.connection)')?.textContent ?? ''))
        assert.ok((await spansOf(page)).length > 0)
        liar.tell(null)
        await until(page, () => document.querySelector('.notice.connection') === null)
        await dismiss(page)
        await go('#')
        await go(asks[type])
        await until(page, () => document.querySelector('#panel h2') !== null && window.ctraceTest.state().detail !== null)
      })
    }
    assert.deepEqual(page.problems, [])
    await page.context().close()
  })
}

test('what is odd but keeps to the contract is shown', async t => {
  const {page, asks, go} = await begin()
  for (const [type, lies] of Object.entries(ODD)) {
    for (const [name, lie] of Object.entries(lies)) {
      await t.test(name, async () => {
        await go('#')
        tellLie(type, lie)
        await go(asks[type])
        await until(page, () => document.querySelector('#panel h2') !== null && window.ctraceTest.state().detail !== null)
        await settled(page)
        assert.equal(await page.locator('.notice.error').count(), 0)
      })
    }
  }
  assert.deepEqual(page.problems, [])
  await page.context().close()
})
