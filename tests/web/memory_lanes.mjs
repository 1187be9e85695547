// SPDX-License-Identifier: MIT
// Memory in the page: lanes with their units and exact extremes, what the panel says of a point, and
// how it is hidden. One tick is a nanosecond.

import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {stateOf, until} from './browser.mjs'
import {makeStand} from './stand.mjs'

const MIB = 1 << 20

/** A climb of 64 blocks of a MiB, one each millisecond, and then all at once gone; six threads allocate a little. */
function storyText() {
  const lines = [
    'ctrace-text 1',
    'header session=00000000000000000000000000000000 base=0 rate=1000000000 clock=5',
    'chunk STRINGS seq=0',
    '  string 1 "climber"',
    '  string 2 "<b>arena</b>"',
    'chunk THREADS seq=1',
  ]
  for (let thread = 1; thread <= 7; thread++) {
    lines.push(`  thread ${thread} pid=10 tid=${9 + thread} name=1 start=0 written=0 lost=0 state=0 clamped=0`)
  }
  lines.push('chunk EVENTS stream=1 seq=0 base=0', '  +0 pool 7 1 4096 @2', '  +0 alloc 1 4096 0 0 7')
  for (let i = 1; i <= 64; i++) {
    lines.push(`  +1000000 alloc ${i * MIB} ${MIB} 0 0 0`)
  }
  lines.push('  +1000000 free 1 7')
  for (let i = 1; i <= 64; i++) {
    lines.push(`  +0 free ${i * MIB} 0`)
  }
  lines.push('  +35000000 free 77 0')
  for (let thread = 2; thread <= 7; thread++) {
    lines.push(`chunk EVENTS stream=${thread} seq=0 base=0`, `  +90000000 alloc ${4096 * thread * MIB} ${thread} 0 0 0`)
  }
  lines.push(
    'chunk BUFFERS seq=2',
    '  buffer 9 source=1',
    'chunk EVENTS stream=9 seq=0 base=0',
    `  +1000000 process_memory 10 ${5 * MIB} ${2 * MIB}`,
    `  +60000000 process_memory 10 ${80 * MIB} ${3 * MIB}`,
    `  +20000000 process_memory 10 ${76 * MIB} ${3 * MIB}`,
    '  +20000000 process_memory 10 0 0',
  )
  return lines.join('\n') + '\n'
}

let stand
let story

before(async () => {
  stand = await makeStand()
  stand.assemble('memory.out', storyText())
  story = await stand.view('memory.out')
})

after(() => stand?.close())

const plain = text => text.replace(/[\u00a0\u202f]/g, ' ')
const headText = async (page, at) => plain(await page.locator('.head.memory').nth(at).textContent())

test('a process has a track of its memory, each lane with its extremes in its unit', async () => {
  const page = await stand.visit(story.url)
  const text = await headText(page, 0)
  assert.match(text, /^Memory/)
  assert.match(text, /live heap\s*0 B – 64\.0 MiB/)
  assert.match(text, /resident\s*0 B – 80\.0 MiB/)
  assert.match(text, /anonymous\s*0 B – 77\.0 MiB/)
  assert.match(text, /pool <b>arena<\/b>\s*0 B – 4\.0 KiB/)
  assert.match(text, /allocation rate\s*0 B\/s – 1\.9 GiB\/s/)
  await stand.leave(page)
})

test('the rates of many threads begin collapsed, and open', async () => {
  const page = await stand.visit(story.url)
  const rates = page.locator('.head.memory').nth(1)
  assert.equal(await rates.getAttribute('aria-expanded'), 'false')
  await rates.click()
  await until(page, () => document.querySelectorAll('.head.memory')[1].getAttribute('aria-expanded') === 'true')
  assert.match(await headText(page, 1), /climber/)
  await stand.leave(page)
})

test('a click on the chart says how much it was, exactly, and how it is thinned', async () => {
  const page = await stand.visit(story.url)
  const head = await page.locator('.counter-name', {hasText: 'live heap'}).boundingBox()
  const lanes = await page.locator('#lanes').boundingBox()
  const {start, end} = await stateOf(page)
  await page.mouse.click(lanes.x + ((64_200_000 - start) / (end - start)) * lanes.width, head.y + head.height / 2)
  await until(page, () => /live heap/.test(document.getElementById('panel').textContent))
  const text = plain(await page.textContent('#panel'))
  for (const part of ['64.0 MiB', '67,112,960', 'every change']) {
    assert.ok(text.includes(part), `${part}: ${text}`)
  }
  const {detail} = await stateOf(page)
  assert.equal(detail.value, 64 * MIB + 4096)
  assert.equal(detail.chrome[0].name, 'live heap')
  await stand.leave(page)
})

test('memory goes and comes by key, and the address knows', async () => {
  const page = await stand.visit(story.url)
  await page.keyboard.press('4')
  await until(page, () => document.querySelectorAll('.head.memory').length === 0)
  await until(page, () => /memory/.test(location.hash))
  await page.keyboard.press('4')
  await until(page, () => document.querySelectorAll('.head.memory').length === 2)
  await stand.leave(page)
})
