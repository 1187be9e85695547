// SPDX-License-Identifier: MIT
// Functions by the time samples found them in: in themselves, and with what they called.

import type {FunctionWeight} from '../model/flame'
import {formatFigure} from '../model/nanos'
import {formatCount, formatShare} from '../model/quantity'
import {shown} from '../model/shown'
import type {FlameAnswer} from '../wire/api'
import {traceText} from './dom'
import {functionName} from './flame_name'
import {makeTable, type Column, type Table} from './table'

const SELF_AT = 1

export function flameTable(answer: FlameAnswer, rows: readonly FunctionWeight[]): Table {
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
      value: row => functionName(answer, row.named).name,
      cell: row => {
        const {name, brief} = functionName(answer, row.named)
        const text = traceText(brief)
        text.title = shown(name)
        return text
      },
    },
    figure('Self', 'Time in the function itself', row => row.self, formatFigure),
    figure('Total', 'With what it called', row => row.total, formatFigure),
    figure(
      'Share',
      'Total as a share of all samples',
      row => row.total / Math.max(answer.weight, 1),
      formatShare,
    ),
    figure('Samples', 'How many found it', row => row.samples, formatCount),
  ]
  return makeTable(columns, rows, SELF_AT)
}
