// SPDX-License-Identifier: MIT
import {equal} from 'node:assert/strict'
import {test} from 'node:test'
import {
  formatAmount,
  formatBytes,
  formatGrowth,
  formatPlural,
  formatShare,
  formatShort,
  formatValue,
} from './quantity'

const plain = (text: string): string => text.replace(/[\u202f\u00a0]/g, ' ')

test('a share is never 100 % for less than all, nor 0 % for something', () => {
  equal(plain(formatShare(0.9999)), '99 %')
  equal(plain(formatShare(1)), '100 %')
  equal(plain(formatShare(0.00001)), '< 0.1 %')
  equal(plain(formatShare(0)), '0 %')
  equal(plain(formatShare(0.314)), '31 %')
})

test('counts and sizes are short', () => {
  equal(plain(formatShort(1_250_000)), '1.3 M')
  equal(plain(formatShort(999)), '999')
  equal(plain(formatPlural(1, 'span')), '1 span')
  equal(plain(formatPlural(1234, 'span')), '1,234 spans')
  equal(plain(formatBytes(11.8 * 1024 * 1024)), '11.8 MiB')
  equal(plain(formatGrowth(-2048)), '\u22122.0 KiB')
  equal(plain(formatGrowth(10)), '+10 B')
  equal(plain(formatGrowth(0)), '0 B')
})

test('values keep their sign and need no exponent until they are very large or small', () => {
  equal(formatValue(-5), '-5')
  equal(plain(formatAmount(2_202_010, 'bytes')), '2.1 MiB')
  equal(plain(formatAmount(0, 'bytes/s')), '0 B/s')
  equal(plain(formatAmount(1536, 'bytes/s')), '1.5 KiB/s')
  equal(formatAmount(1536, undefined), '1,536')
  equal(formatValue(0.125), '0.125')
  equal(plain(formatValue(-25_000_000)), '-25 M')
  equal(formatValue(1e-9), '1.00e-9')
  equal(formatValue(NaN), 'NaN')
})
