// SPDX-License-Identifier: MIT
import {deepEqual, equal} from 'node:assert/strict'
import {test} from 'node:test'
import {
  formatDuration,
  formatExact,
  formatFigure,
  formatMoment,
  formatWall,
  parseTime,
} from './nanos'

const plain = (text: string): string => text.replace(/\u202f/g, ' ')

test('durations have three digits and the unit people say', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 ns'],
    [7, '7 ns'],
    [999, '999 ns'],
    [1000, '1 µs'],
    [1840, '1.84 µs'],
    [31_240_000, '31.2 ms'],
    [999_999, '1 ms'],
    [1e9, '1 s'],
    [59.94e9, '59.9 s'],
    [125e9, '2 min 5 s'],
    [7380e9, '2 h 3 min'],
  ]
  for (const [value, text] of cases) {
    equal(plain(formatDuration(value)), text)
  }
})

test('exact durations show every nanosecond', () => {
  equal(plain(formatExact(1234567)), '1,234,567 ns')
})

test('moments have the digits their resolution needs', () => {
  equal(plain(formatMoment(1_234_567_890, 1)), '1.234567890 s')
  equal(plain(formatMoment(1_234_567_890, 1e6)), '1.235 s')
  equal(plain(formatMoment(2_500_000, 1000)), '2.500 ms')
  equal(plain(formatMoment(0, 1)), '0 ns')
})

test('typed times are understood with any unit, and relative ones from their base', () => {
  deepEqual(
    ['1.25s', '300 us', '300µs', '12', '1_000ns', '.5ms', '2m'].map(text => parseTime(text, 0)),
    [1.25e9, 300e3, 300e3, 12e9, 1000, 500e3, 120e9],
  )
  equal(parseTime('+20us', 1000), 21000)
  equal(parseTime('-1us', 5000), 4000)
})

test('what is no time is null', () => {
  for (const text of ['', 'x', '1.2.3s', '5 parsecs', '++1', 'NaN', '1e9']) {
    equal(parseTime(text, 0), null)
  }
})

test('wall clock is empty when the trace has none', () => {
  equal(formatWall('0', 5), '')
  equal(formatWall('what', 5), '')
  equal(formatWall('1790000000000000000', 1234567).endsWith('.001234'), true)
})

test('figures in columns have three digits and line up', () => {
  const plain = (value: number): string => formatFigure(value).replace(/\u202f/g, ' ')
  deepEqual([1e9, 2.4e6, 85e6, 999_999, 9995, 950, 5.25, 0].map(plain), [
    '1.00 s',
    '2.40 ms',
    '85.0 ms',
    '1.00 ms',
    '9.99 µs',
    '950 ns',
    '5.3 ns',
    '0 ns',
  ])
})
