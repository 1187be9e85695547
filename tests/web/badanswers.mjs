// SPDX-License-Identifier: MIT
// A server that lies: whatever it sends, the page says so, keeps what it shows, and is whole again as
// soon as the answers are.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {open, settled, spansOf, stateOf, until} from './browser.mjs'
import {frame, makeLiar} from './liar.mjs'
import {makeStand, REQUESTS_TRACE, run} from './stand.mjs'

let stand
let server
let liar
let page

before(async () => {
  stand = await makeStand()
  run(REQUESTS_TRACE, stand.file('requests.out'))
  server = await stand.view('requests.out')
  liar = await makeLiar(server.url)
})

after(async () => {
  await liar?.close()
  await stand?.close()
})

/** Each case looks at a place whose tiles the page has not: it begins anew with a page. */
let cases = 0
function freshRange() {
  const start = 3000 + 4507 * cases++
  return `#t=${start}~${start + 1800}`
}

const go = hash => page.evaluate(to => (location.hash = to), hash)

const set = (offset, size, value) => bytes => {
  const out = Buffer.from(bytes)
  size === 1 ? out.writeUInt8(value, offset) : size === 2 ? out.writeUInt16LE(value, offset) : out.writeUInt32LE(value, offset)
  return out
}
const cut = keep => bytes => bytes.subarray(0, Math.floor(keep(bytes.length)))
const grown = more => bytes => Buffer.concat([bytes, Buffer.alloc(more)])
/** The first tile of the message that has a bucket or an event: it alone, as changed. */
const inTile = change => bytes => {
  const out = Buffer.from(bytes)
  for (let at = 32; at < out.length; at += out.readUInt32LE(at + 12)) {
    if (out.readUInt32LE(at + 16) > 0) {
      change(out, at)
      return out
    }
  }
  change(out, 32)
  return out
}

/** Lies about tiles: name and what becomes of the message. */
const TILES = {
  'nothing of it': cut(() => 0),
  'one byte of it': cut(() => 1),
  'half a header': cut(() => 16),
  'the header alone': cut(() => 32),
  'half of a tile header': cut(() => 48),
  'a half': cut(size => size / 2),
  'all but one byte': cut(size => size - 1),
  'eight bytes too many': grown(8),
  'a megabyte of nothing behind it': grown(1 << 20),
  'another magic': set(0, 2, 0x4242),
  'version 2': set(2, 1, 2),
  'type 7': set(3, 1, 7),
  'a length of nothing': set(4, 4, 0),
  'a length of four gigabytes': set(4, 4, 0xffffffff),
  'a tile more than there is': bytes => set(12, 4, bytes.readUInt32LE(12) + 1)(bytes),
  'four billion tiles': set(12, 4, 0xffffffff),
  'fewer tiles than there are': set(12, 4, 0),
  'a tile of no bytes': set(44, 4, 0),
  'a tile of 33 bytes': set(44, 4, 33),
  'a tile beyond the message': set(44, 4, 0x7ffffff8),
  'four billion events': set(48, 4, 0xffffffff),
  'one event more': inTile((out, at) => out.writeUInt32LE(out.readUInt32LE(at + 16) + 4096, at + 16)),
  '513 buckets': set(52, 4, 513),
  'level 51': set(40, 1, 51),
  'kind 9': set(41, 1, 9),
  'a dense tile that is not': inTile((out, at) => {
    out.writeUInt32LE(7, at + 20)
    out.writeUInt16LE(1, at + 10)
  }),
  'a start that is no number': inTile((out, at) => out.writeDoubleLE(NaN, at + 32)),
  'a start at the end of time': inTile((out, at) => out.writeDoubleLE(Infinity, at + 32)),
  'zeros': bytes => Buffer.alloc(bytes.length),
  'noise': bytes => bytes.map((byte, i) => (byte * 31 + i * 17) & 255),
}

/** Lies about an event's answer. */
const swap = (from, to) => text => text.replace(from, to)
const EVENTS = {
  'no JSON': () => 'certainly',
  'half of it': text => text.slice(0, text.length / 2),
  'an empty message': () => '',
  'null': () => 'null',
  'a list': () => '[]',
  'no type': swap(/"type": ?"event"/, '"kind":"event"'),
  'a type of its own': swap(/"type": ?"event"/, '"type":"constructor"'),
  'the answer to another kind of question': text =>
    JSON.stringify({type: 'search', req: JSON.parse(text).req, count: 1, names: []}),
  'a start that is text': text => JSON.stringify({...JSON.parse(text), start: '12'}),
  'a duration beyond all time': text => JSON.stringify({...JSON.parse(text), duration: 1e300}),
  'arguments that are none': text => JSON.stringify({...JSON.parse(text), args: [{name: 5}]}),
  'flows to nowhere': text => JSON.stringify({...JSON.parse(text), flows: [{id: '1'}]}),
  'no lane': text => JSON.stringify({...JSON.parse(text), lane: undefined}),
  'brackets without end': () => '['.repeat(50_000),
}

/** Lies of the line itself; `lost` says that the page sees no connection for a while. */
const LINES = {
  'closed in the middle': {binary: (_, send, socket) => socket.end()},
  'reset in the middle': {binary: (_, send, socket) => socket.resetAndDestroy()},
  'half a frame and no more': {
    binary: (bytes, send, socket) => {
      socket.write(frame(2, bytes).subarray(0, 40))
      socket.end()
    },
  },
  'a frame with reserved bits': {binary: (bytes, send, socket) => socket.write(Buffer.concat([Buffer.from([0xf2]), frame(2, bytes).subarray(1)]))},
  'a masked frame': {binary: (bytes, send, socket) => socket.write(Buffer.from([0x82, 0x84, 1, 2, 3, 4, 5, 6, 7, 8]))},
  'text that is no UTF-8': {binary: (bytes, send, socket) => socket.write(frame(1, Buffer.from([0xff, 0xfe, 0x80])))},
  'an opcode that is not': {binary: (bytes, send, socket) => socket.write(frame(5, Buffer.from('x')))},
}

async function start() {
  liar.tell(null)
  cases = 0
  page = await open(stand.browser, liar.url)
  await settled(page)
}

/** Whole again: exact tiles, details on a click, no complaint that stays. */
async function recovers() {
  liar.tell(null)
  await go(freshRange())
  await settled(page)
  await until(page, () => document.querySelector('.notice.connection') === null)
  const span = (await spansOf(page)).find(one => one.duration > 0)
  assert.ok(span !== undefined, 'spans are seen again')
  await go(`#e=${span.lane}~${span.index}`)
  await until(page, index => window.ctraceTest.state().detail?.index === index, span.index)
}

async function dismiss() {
  await page.$$eval('.notice.error button[aria-label="Hide this"]', all => all.forEach(button => button.click()))
  await go('#t=0~1000')
  await settled(page)
}

/** During the lie: something is said, something is shown. */
async function isHonest(selector, pattern) {
  await until(page, at => document.querySelector(at) !== null, selector)
  assert.match(await page.textContent(selector), pattern)
  assert.ok((await spansOf(page)).length > 0 || (await stateOf(page)).cacheBytes > 0)
  assert.equal(await page.locator('#loading').isVisible(), false)
}

test('lies about tiles are refused whole', async t => {
  await start()
  for (const [name, change] of Object.entries(TILES)) {
    await t.test(name, async () => {
      liar.tell({binary: (bytes, send) => send(change(bytes))})
      await go(freshRange())
      await isHonest('.notice.error:not(.connection)', /does not understand/)
      await recovers()
      await dismiss()
    })
  }
  assert.deepEqual(page.problems, [])
  await page.context().close()
})

test('lies about an event are refused whole', async t => {
  await start()
  await go('#t=100000~106000')
  await settled(page)
  const {lane} = (await spansOf(page)).find(one => one.name === 'handle')
  for (const [i, [name, change]] of Object.entries(EVENTS).entries()) {
    await t.test(name, async () => {
      liar.tell({text: (text, send) => send(text.includes('"event"') && !text.includes('"hello"') ? change(text) : text)})
      await go(`#e=${lane}~${i + 1}`)
      await isHonest('.notice.error:not(.connection)', /does not understand/)
      await recovers()
      await dismiss()
    })
  }
  assert.deepEqual(page.problems, [])
  await page.context().close()
})

test('a line that breaks is opened again', async t => {
  await start()
  page.isConnectionGone = true
  for (const [name, lie] of Object.entries(LINES)) {
    await t.test(name, async () => {
      liar.tell(lie)
      await go(freshRange())
      await isHonest('.notice.error', /No answer|does not understand/)
      await recovers()
      await dismiss()
    })
  }
  await page.context().close()
})

test('a server that refuses, then serves, is waited for', async t => {
  await start()
  page.isConnectionGone = true
  for (const status of ['403 Forbidden', '503 Busy', '200 Fine']) {
    await t.test(status, async () => {
      liar.tell({upgrade: socket => socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)})
      liar.cut()
      await isHonest('.notice.connection', /No answer/)
      await recovers()
      await dismiss()
    })
  }
  await page.context().close()
})

test('a server that is slow only makes the picture coarse for a while', async () => {
  await start()
  liar.tell({binary: (bytes, send) => setTimeout(() => send(bytes), 700)})
  await go(freshRange())
  assert.ok((await stateOf(page)).cacheBytes > 0)
  await recovers()
  assert.deepEqual(page.problems, [])
  await page.context().close()
})

test('a server that says nothing more is told of, and asked on another line', async () => {
  await start()
  await page.clock.install()
  liar.tell({binary: () => undefined, text: () => undefined})
  await go(freshRange())
  // The page's clock begins anew here: first let it ask, then let it wait.
  await page.clock.fastForward(5_000)
  await page.waitForTimeout(300)
  await page.clock.fastForward(9_000)
  await isHonest('.notice.silence', /not answered/)
  liar.tell(null)
  await page.clock.fastForward(31_000)
  await until(page, () => document.querySelector('.notice.silence') === null)
  await page.context().close()
})
