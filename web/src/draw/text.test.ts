// SPDX-License-Identifier: MIT
import {equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import {makeLabels, unqualified} from './text'

/** Six pixels a letter. */
const ctx = {
  measureText: (text: string) => ({width: text.length * 6}),
} as unknown as CanvasRenderingContext2D

test('a text that fits is whole', () => {
  equal(makeLabels().fit(ctx, 'handle_request', 84).text, 'handle_request')
})

test('a text that does not fit is cut, and never wider than its room', () => {
  for (let room = 0; room < 84; room++) {
    const label = makeLabels().fit(ctx, 'handle_request', room)
    ok(label.width <= room)
    ok(label.text === '' || label.text.endsWith('…'))
  }
})

test('a qualified name loses its qualifiers first', () => {
  equal(makeLabels().fit(ctx, 'json::detail::parse(char const*)', 60).text, 'parse')
  equal(unqualified('parse'), null)
  equal(unqualified('GET /a::b c'), null)
})

test('what cannot be seen is written out', () => {
  equal(makeLabels().fit(ctx, 'a\u0000b', 600).text, 'a\\x00b')
})
