// SPDX-License-Identifier: MIT
import {deepEqual, equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import {niceStep, tickLabel, ticksOf} from './axis'

const plain = (text: string): string => text.replace(/\u202f/g, ' ')

test('steps are 1, 2 or 5 times a power of ten', () => {
  deepEqual([0.5, 1, 1.5, 3, 7, 99, 1000].map(niceStep), [0.5, 1, 2, 5, 10, 100, 1000])
})

test('neighbouring labels always differ', () => {
  for (let scale = 0.125; scale < 1e9; scale *= 1.7) {
    for (const start of [0, 123456789, 9.87e12]) {
      const ticks = ticksOf({start, scale, width: 1500})
      const labels = ticks.times.map(time => tickLabel(ticks, time))
      equal(new Set(labels).size, labels.length, labels.join(' '))
      ok(labels.length <= 1500 / 80)
      ok(
        labels.every(label => label.length <= 14),
        labels.join(' '),
      )
    }
  }
})

test('far in, labels count from a base', () => {
  const ticks = ticksOf({start: 5e9, scale: 1, width: 1000})
  ok(ticks.base !== null)
  ok(plain(tickLabel(ticks, ticks.times[1])).startsWith('+'))
})
