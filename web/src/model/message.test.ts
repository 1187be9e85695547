// SPDX-License-Identifier: MIT
import {equal} from 'node:assert/strict'
import {test} from 'node:test'
import {formatMessage} from './message'

const args = (...values: readonly string[]): {type: string; value: string}[] =>
  values.map(value => ({type: 'str', value}))

test('arguments stand in their places', () => {
  equal(formatMessage('%s %s took %.1f ms', args('GET', '/a', '12.345')), 'GET /a took 12.3 ms')
  equal(formatMessage('%-8lld|%5zu|%#x', args('-1', '2', '0x3')), '-1|2|0x3')
})

test('missing arguments leave their place as it is, and %% is a percent sign', () => {
  equal(formatMessage('%d%% of %s', args('5')), '5% of %s')
  equal(formatMessage('100%', args()), '100%')
  equal(formatMessage('%y %', args('1')), '%y %')
})

test('an argument is never read as a format', () => {
  equal(formatMessage('%s %s', args('%s', 'b')), '%s b')
})
