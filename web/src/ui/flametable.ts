// SPDX-License-Identifier: MIT
// Functions by what they weigh: in themselves, and with what they called.

import type {FunctionWeight} from '../model/flame'
import {formatCount, formatShare} from '../model/quantity'
import {shown} from '../model/shown'
import {traceText} from './dom'
import {functionName} from './flame_name'
import type {FlameContent} from './flame_content'
import {makeTable, type Column, type Table} from './table'

const SELF_AT = 1

export function flameTable(flame: FlameContent, rows: readonly FunctionWeight[]): Table {
  const {words} = flame
  const figure = (
    title: string,
    hint: string,
    value: (row: FunctionWeight) => number,
    text: (value: number) => string,
  ): Column<FunctionWeight> => ({
    title,
    hint,
    isNumber: true,
    value,
    cell: row => text(value(row)),
  })
  const columns: readonly Column<FunctionWeight>[] = [
    {
      title: 'Function',
      hint: 'Sort by name',
      isNumber: false,
      value: row => functionName(flame, row.named).name,
      cell: row => {
        const {name, brief} = functionName(flame, row.named)
        const text = traceText(brief)
        text.title = shown(name)
        return text
      },
    },
    figure('Self', words.selfHint, row => row.self, words.figure),
    figure('Total', words.totalHint, row => row.total, words.figure),
    figure('Share', words.shareHint, row => row.total / Math.max(flame.weight, 1), formatShare),
    figure(words.countTitle, words.countHint, row => row.samples, formatCount),
  ]
  return makeTable(columns, rows, SELF_AT)
}
