// SPDX-License-Identifier: MIT
import {equal} from 'node:assert/strict'
import {test} from 'node:test'
import {shown, shortened} from './shown'

test('controls are written out', () => {
  equal(shown('a\u0000b\u001b[31m\u007f'), 'a\\x00b\\x1b[31m\\x7f')
  equal(shown('\u0085'), '\\x85')
})

test('direction marks and invisible characters are written out', () => {
  equal(shown('x\u202Ey\u2066z\u200b'), 'x\\u{202E}y\\u{2066}z\\u{200B}')
})

test('lone surrogates are written out and pairs stay', () => {
  equal(shown('\ud800x'), '\\u{D800}x')
  equal(shown('x\udc00'), 'x\\u{DC00}')
  equal(shown('🚀'), '🚀')
})

test('markup is text like any other', () => {
  equal(shown('</script><img onerror=x>'), '</script><img onerror=x>')
})

test('long text ends in an ellipsis', () => {
  equal(shortened('abcdef', 4), 'abc…')
  equal(shortened('abcd', 4), 'abcd')
})
