// SPDX-License-Identifier: MIT
// The page's tools in a real Chromium: marks, palette, right button, habits, tables of a range, and
// what somebody without a mouse or with other colours needs.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {settled, spansOf, stateOf, until, wheelZoom} from './browser.mjs'
import {makeStand, REQUESTS_TRACE, run} from './stand.mjs'

let stand
let requests

before(async () => {
  stand = await makeStand()
  run(REQUESTS_TRACE, stand.file('requests.out'))
  stand.assemble('nothing.out', nothing())
  requests = await stand.view('requests.out')
})

after(() => stand?.close())

function nothing() {
  return [
    'ctrace-text 1',
    'header session=00000000000000000000000000000001 base=1000 rate=1000000000 clock=5',
    'chunk STRINGS seq=0 lz4',
    '  string 1 "quiet"',
    'chunk PROCESSES seq=1',
    '  process 10 parent=1 name=1 start=0',
    '',
  ].join('\n')
}

const visit = options => stand.visit(requests.url, options)
const lanes = page => page.locator('#lanes').boundingBox()

/** Near a request, so that handlers are boxes. */
async function visitHandler(options) {
  const page = await stand.visit(`${requests.url}&t=100000~106000`, options)
  const handler = (await spansOf(page)).find(span => span.name === 'handle' && span.duration > 1000)
  assert.ok(handler !== undefined)
  return {page, handler}
}

async function dragRange(page) {
  const rect = await lanes(page)
  const span = (await spansOf(page)).find(one => one.track === 'worker 1')
  await page.mouse.move(rect.x + 200, span.y)
  await page.mouse.down()
  await page.mouse.move(rect.x + 600, span.y + 120, {steps: 6})
  await page.mouse.up()
  await page.waitForSelector('#panel .totals')
}

test('M marks the pointer, the selection and a range; the address keeps them', async () => {
  const {page, handler} = await visitHandler()
  const rect = await lanes(page)
  await page.mouse.move(rect.x + 50, rect.y + 40)
  await settled(page)
  await page.keyboard.press('KeyM')
  let {marks} = await stateOf(page)
  assert.equal(marks.length, 1)
  assert.equal(marks[0].start, marks[0].end)
  await page.mouse.click(handler.x, handler.y)
  await until(page, () => window.ctraceTest.state().detail !== null)
  await page.keyboard.press('KeyM')
  marks = (await stateOf(page)).marks
  assert.deepEqual(marks.find(mark => mark.name === 'handle'), {start: handler.start, end: handler.start + handler.duration, name: 'handle'})
  await until(page, () => location.hash.includes('m='))
  await page.reload()
  await settled(page)
  assert.deepEqual((await stateOf(page)).marks, marks)
  await stand.leave(page)
})

test('a mark gets a name, is gone to, renamed and removed', async () => {
  const page = await visit()
  const rect = await lanes(page)
  for (const [x, name] of [[100, 'first, ~ & <b>'], [700, 'second']]) {
    await page.mouse.move(rect.x + x, rect.y + 60)
    await settled(page)
    await page.keyboard.press('Shift+KeyM')
    await page.keyboard.type(name)
    await page.keyboard.press('Enter')
  }
  assert.deepEqual((await stateOf(page)).marks.map(mark => mark.name), ['first, ~ & <b>', 'second'])
  assert.match(await page.textContent('.marks'), /first, ~ & <b>/)
  await wheelZoom(page, rect.x + 400, rect.y + 60, -12)
  const before = await stateOf(page)
  await page.keyboard.press('KeyN')
  await settled(page)
  const first = (await stateOf(page)).marks[0]
  const there = await stateOf(page)
  assert.ok(there.start <= first.start && there.end >= first.start)
  assert.ok(there.start !== before.start)
  await page.keyboard.press('Shift+KeyN')
  await settled(page)
  assert.equal((await stateOf(page)).currentMark.name, 'second')
  await page.keyboard.press('Delete')
  assert.deepEqual((await stateOf(page)).marks.map(mark => mark.name), ['first, ~ & <b>'])
  await page.click('.marks button[aria-label^="Rename"]')
  await page.keyboard.type('other')
  await page.keyboard.press('Enter')
  assert.equal((await stateOf(page)).marks[0].name, 'other')
  await page.click('.marks button[aria-label^="Remove"]')
  assert.equal((await stateOf(page)).marks.length, 0)
  await stand.leave(page)
})

test('going back in the views keeps the marks, and a removed one does not return', async () => {
  const page = await visit()
  const rect = await lanes(page)
  await wheelZoom(page, rect.x + 400, rect.y + 60, -6)
  await until(page, () => location.hash.includes('t='))
  await page.keyboard.press('KeyM')
  await until(page, () => location.hash.includes('m='))
  await wheelZoom(page, rect.x + 400, rect.y + 60, -6)
  const near = (await stateOf(page)).end
  await page.waitForTimeout(600)
  await page.keyboard.press('Control+KeyZ')
  await until(page, end => window.ctraceTest.state().end !== end, near)
  assert.equal((await stateOf(page)).marks.length, 1)
  await page.keyboard.press('Delete')
  await until(page, () => !location.hash.includes('m='))
  await page.goBack()
  await page.waitForTimeout(200)
  assert.equal((await stateOf(page)).marks.length, 0)
  await stand.leave(page)
})

test('Ctrl+A takes the lane, then everything', async () => {
  const {page, handler} = await visitHandler()
  await page.mouse.click(handler.x, handler.y)
  await until(page, () => window.ctraceTest.state().detail !== null)
  await page.keyboard.press('Control+KeyA')
  const lane = (await stateOf(page)).selection
  const {duration} = await stateOf(page)
  assert.deepEqual(lane, {type: 'range', start: 0, end: duration, tracks: [], lane: handler.lane})
  await page.keyboard.press('Control+KeyA')
  assert.equal((await stateOf(page)).selection.lane, -1)
  await page.waitForSelector('#panel .totals')
  await stand.leave(page)
})

test('the palette finds commands and runs them', async () => {
  const page = await visit()
  for (const key of ['F1', 'Control+Shift+KeyP']) {
    await page.keyboard.press(key)
    await page.locator('dialog.palette').waitFor({state: 'visible'})
    await page.keyboard.type('details')
    await page.keyboard.press('Enter')
    await page.locator('dialog.palette').waitFor({state: 'hidden'})
  }
  assert.equal(await page.locator('#panel').isVisible(), true)
  await page.keyboard.press('/')
  await page.keyboard.type('>')
  await page.keyboard.type('no such command')
  assert.match(await page.textContent('dialog.palette'), /Nothing by that name/)
  await page.keyboard.press('Escape')
  await page.locator('dialog.palette').waitFor({state: 'hidden'})
  assert.equal(await page.inputValue('.find input'), '')
  await stand.leave(page)
})

test('every command of the palette runs without a fault', async () => {
  const page = await visit()
  await page.keyboard.press('F1')
  const count = await page.locator('.palette .option').count()
  await page.keyboard.press('Escape')
  assert.ok(count >= 30)
  for (let i = 0; i < count; i++) {
    await page.keyboard.press('F1')
    for (let down = 0; down < i; down++) {
      await page.keyboard.press('ArrowDown')
    }
    await page.keyboard.press('Enter')
    await page.evaluate(() => document.querySelectorAll('dialog[open]').forEach(box => box.close()))
    await page.evaluate(() => document.activeElement?.blur())
  }
  await stand.leave(page)
})

test('Ctrl+P goes to a track by a few letters', async () => {
  const page = await visit({viewport: {width: 1400, height: 420}})
  await page.keyboard.press('Control+KeyP')
  await page.keyboard.type('wrk 3')
  assert.match(await page.textContent('.palette .option[aria-selected="true"]'), /worker 3/)
  await page.keyboard.press('Enter')
  await settled(page)
  assert.ok((await stateOf(page)).scrollTop > 0)
  assert.match(await page.textContent('.head.focused'), /worker 3/)
  await stand.leave(page)
})

test('the right button opens what can be done, a right drag moves', async () => {
  const {page, handler} = await visitHandler()
  await page.mouse.click(handler.x, handler.y, {button: 'right'})
  await page.locator('.menu.context').waitFor({state: 'visible'})
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await until(page, () => window.ctraceTest.state().detail !== null)
  assert.equal((await stateOf(page)).detail.index, handler.index)
  await page.mouse.click(handler.x, handler.y, {button: 'right'})
  await page.click('.menu.context button:has-text("All like this")')
  await until(page, () => window.ctraceTest.state().search.text === 'handle')
  await page.mouse.click(handler.x, handler.y, {button: 'right'})
  await page.keyboard.press('Escape')
  assert.equal(await page.locator('.menu.context').isVisible(), false)
  const before = (await stateOf(page)).start
  await page.mouse.move(handler.x, handler.y)
  await page.mouse.down({button: 'right'})
  await page.mouse.move(handler.x - 120, handler.y, {steps: 4})
  await page.mouse.up({button: 'right'})
  await settled(page)
  assert.ok((await stateOf(page)).start > before)
  assert.equal(await page.locator('.menu.context').isVisible(), false)
  await stand.leave(page)
})

test('Ctrl and a click take everything from the selection to there', async () => {
  const {page, handler} = await visitHandler()
  const other = (await spansOf(page)).find(
    span => span.track !== handler.track && span.duration > 300 && span.track.startsWith('worker'),
  ) ?? (await spansOf(page)).find(span => span.track !== handler.track && span.duration > 300)
  await page.mouse.click(handler.x, handler.y)
  await until(page, () => window.ctraceTest.state().detail !== null)
  await page.keyboard.down('Control')
  await page.mouse.click(other.x, other.y)
  await page.keyboard.up('Control')
  const {selection} = await stateOf(page)
  assert.equal(selection.type, 'range')
  assert.equal(selection.start, Math.min(handler.start, other.start))
  assert.equal(selection.end, Math.max(handler.start + handler.duration, other.start + other.duration))
  assert.equal(selection.tracks.length, 2)
  await stand.leave(page)
})

test('mouse habits can be chosen, are at work at once, and are remembered', async () => {
  const page = await visit()
  const rect = await lanes(page)
  const length = async () => {
    const {start, end} = await stateOf(page)
    return end - start
  }
  const whole = await length()
  await page.keyboard.press('?')
  await page.check('.habits input[value="tracy"]')
  await page.keyboard.press('Escape')
  await page.mouse.move(rect.x + 400, rect.y + 100)
  await page.mouse.wheel(0, -300)
  await settled(page)
  assert.ok((await length()) < whole)
  await page.reload()
  await settled(page)
  await page.keyboard.press('?')
  assert.equal(await page.isChecked('.habits input[value="tracy"]'), true)
  await page.check('.habits input[value="firefox"]')
  await page.keyboard.press('Escape')
  const before = (await stateOf(page)).start
  await page.mouse.move(rect.x + 600, rect.y + 100)
  await page.mouse.down()
  await page.mouse.move(rect.x + 450, rect.y + 100, {steps: 4})
  await page.mouse.up()
  await settled(page)
  assert.ok((await stateOf(page)).start > before)
  assert.equal((await stateOf(page)).selection, null)
  await stand.leave(page)
})

test('the help finds a key', async () => {
  const page = await visit()
  await page.keyboard.press('?')
  await page.keyboard.type('pin')
  const lines = await page.$$eval('.help .line', all => all.filter(line => !line.hidden).map(line => line.textContent))
  assert.ok(lines.length >= 1 && lines.every(line => /pin/i.test(line)), lines.join(' | '))
  await page.keyboard.press('Escape')
  await stand.leave(page)
})

test('a range is told by name, by thread and by both, and the parts agree', async () => {
  const page = await visit()
  await dragRange(page)
  const rows = async () =>
    page.$$eval('#panel .totals:first-of-type', tables =>
      [...tables[0].querySelectorAll('tbody tr')].map(row => [...row.cells].map(cell => cell.innerText.trim())),
    )
  const number = text => Number(text.replace(/,/g, ''))
  const sum = (all, at) => all.reduce((total, row) => total + number(row[at]), 0)
  const byName = await rows()
  assert.deepEqual(await page.$$eval('#panel .totals:first-of-type th', all => all.slice(0, 6).map(th => th.textContent.replace(/ [↑↓]/, ''))), [
    'Name', 'Count', 'Total', 'Self', 'Mean', 'Longest',
  ])
  const choose = async (name, ready) => {
    await page.click(`.tabs button:has-text("${name}")`)
    await until(page, ready)
    await until(page, () => !/counted…|Counting/.test(document.querySelector('#panel').textContent))
  }
  await choose('By thread', () => document.querySelector('#panel .totals th')?.textContent.startsWith('Thread'))
  const byThread = await rows()
  await choose('Thread and name', () => document.querySelectorAll('#panel .totals:first-of-type th')[1]?.textContent.startsWith('Thread'))
  const both = await rows()
  assert.ok(byThread.length > 1 && both.length > byName.length)
  assert.equal(sum(byThread, 1), sum(byName, 1))
  assert.equal(sum(both, 2), sum(byName, 1))
  await stand.leave(page)
})

test('a row leads to its longest, and the table is copied as text', async () => {
  const page = await stand.visit(requests.url, {permissions: ['clipboard-read', 'clipboard-write']})
  await dragRange(page)
  await page.click('.tabs .copy')
  await page.waitForSelector('.tabs .copy:has-text("Copied")')
  const text = await page.evaluate(() => navigator.clipboard.readText())
  const lines = text.split('\n').map(line => line.split('\t'))
  assert.deepEqual(lines[0], ['Name', 'Count', 'Total', 'Self', 'Mean', 'Longest'])
  assert.ok(lines.length > 3 && lines.slice(1).every(line => line.length === 6 && Number.isInteger(Number(line[2]))))
  const longest = Number(lines[1][5])
  await page.click('#panel .totals:first-of-type tbody tr:first-child .words .link')
  await until(page, () => window.ctraceTest.state().detail !== null)
  const {detail} = await stateOf(page)
  assert.ok(detail.duration >= longest)
  await stand.leave(page)
})

test('an empty trace says so and what to do', async () => {
  const server = await stand.view('nothing.out')
  const page = await stand.visit(server.url)
  assert.equal(await page.locator('.empty-state').isVisible(), true)
  assert.match(await page.textContent('.empty-state'), /No events/)
  for (const key of ['KeyW', 'KeyD', 'KeyM', 'Control+KeyA', '.', 'KeyF', '0']) {
    await page.keyboard.press(key)
  }
  await stand.leave(page)
})

/** Contrast of two CSS colours. */
function contrastIn(page, pairs) {
  return page.evaluate(list => {
    const luminance = colour => {
      const [r, g, b] = colour.match(/[\d.]+/g).slice(0, 3).map(part => {
        const value = part / 255
        return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const ground = element => {
      for (let up = element; up !== null; up = up.parentElement) {
        const colour = getComputedStyle(up).backgroundColor
        if (!/, 0\)$|transparent/.test(colour)) {
          return colour
        }
      }
      return 'rgb(255, 255, 255)'
    }
    return list.map(selector => {
      const element = document.querySelector(selector)
      const [a, b] = [getComputedStyle(element).color, ground(element)].map(luminance).sort((x, y) => y - x)
      return [selector, (a + 0.05) / (b + 0.05)]
    })
  }, pairs)
}

test('texts have the contrast that reading needs, in both themes', async () => {
  const parts = ['.corner span', '.head .sub', '.head .name', '#panel dt', '#panel h3', '.totals th', '.totals td.number', '.group .facts', '.head .axis', '.tabs button', '.tabs .copy', '#toolbar .soft']
  for (const colorScheme of ['light', 'dark']) {
    const page = await visit({colorScheme})
    await page.waitForSelector('#panel .totals')
    for (const [part, contrast] of await contrastIn(page, parts)) {
      assert.ok(contrast >= 4.4, `${part} in ${colorScheme}: ${contrast.toFixed(2)}`)
    }
    await stand.leave(page)
  }
})

test('the focus is seen wherever Tab leads, and every button has a name', async () => {
  const page = await visit()
  await page.waitForSelector('#panel .totals')
  const nameless = await page.$$eval('button', all =>
    all.filter(button => (button.textContent.trim() || button.getAttribute('aria-label') || '') === '').length,
  )
  assert.equal(nameless, 0)
  const seen = new Set()
  for (let i = 0; i < 24; i++) {
    await page.keyboard.press('Tab')
    const [where, isSeen] = await page.evaluate(() => {
      const at = document.activeElement
      const style = getComputedStyle(at)
      const box = getComputedStyle(at.closest('.find') ?? at)
      return [
        `${at.tagName}#${at.id}.${at.className}`,
        (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || box.boxShadow !== 'none' || at.id === 'panel-grip',
      ]
    })
    seen.add(where)
    assert.ok(isSeen, where)
  }
  assert.ok(seen.size >= 6)
  await stand.leave(page)
})

test('edges move: by pointer, by arrow keys, and are remembered', async () => {
  const page = await visit({viewport: {width: 1500, height: 800}})
  const width = async () => (await page.locator('#panel').boundingBox()).width
  const was = await width()
  await page.focus('#panel-grip')
  await page.keyboard.press('ArrowLeft')
  await settled(page)
  assert.ok((await width()) > was)
  const grip = await page.locator('#panel-grip').boundingBox()
  await page.mouse.move(grip.x + 2, grip.y + 200)
  await page.mouse.down()
  await page.mouse.move(grip.x + 80, grip.y + 200, {steps: 3})
  await page.mouse.up()
  await settled(page)
  const now = await width()
  assert.ok(now < was)
  await page.reload()
  await settled(page)
  assert.equal(Math.round(await width()), Math.round(now))
  await stand.leave(page)
})

test('at 900 pixels nothing overlaps or leaves the window', async () => {
  const page = await visit({viewport: {width: 900, height: 700}})
  await page.waitForSelector('#panel .totals')
  const boxes = await page.$$eval('#toolbar > *, #toolbar .buttons > *', all =>
    all.map(one => [one.className, one.getBoundingClientRect()]).map(([name, rect]) => [name, rect.left, rect.right]),
  )
  assert.ok(boxes.every(([, left, right]) => left >= 0 && right <= 900), JSON.stringify(boxes))
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth)
  assert.equal(overflow, 900)
  await stand.leave(page)
})
