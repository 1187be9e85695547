// SPDX-License-Identifier: MIT
import {equal} from 'node:assert/strict'
import {test} from 'node:test'
import {sourcePath} from './source_path'

test('steps upwards at the start go, all else stays', () => {
  equal(sourcePath('../../examples/webservice/handlers.c'), 'examples/webservice/handlers.c')
  equal(sourcePath('./a.c'), 'a.c')
  equal(sourcePath('/usr/src/../a.c'), '/usr/src/../a.c')
  equal(sourcePath('...a.c'), '...a.c')
  equal(sourcePath(''), '')
})
