// SPDX-License-Identifier: MIT
// Tables of totals by name, by thread, by both, and of the longest events: what a range holds.

import {formatFigure, type Nanos} from '../model/nanos'
import {formatCount, formatShare} from '../model/quantity'
import {nameOf, trackOfLane, type Place, type Trace, type Track} from '../model/trace'
import {shown} from '../model/shown'
import type {NameTotal, RangeAnswer, TopPlace} from '../wire/api'
import type {App} from './app'
import {button, el, icon, ICONS, traceText} from './dom'
import {makeTable, type Column, type Table} from './table'

/** One thread's part of a range. */
export interface ThreadTotals {
  readonly track: Track
  readonly names: readonly NameTotal[]
}

export interface TotalsContext {
  readonly app: App
  readonly trace: Trace
  readonly onName: (text: string) => void
}

/** Time that is not counted twice: what is nested is in the self time of the nested. */
export function busyOf(names: readonly NameTotal[]): Nanos {
  return names.reduce((sum, row) => sum + row.self, 0)
}

function goLink(app: App, content: Node | string, title: string, place: Place): HTMLElement {
  const made = el('button', {
    class: 'link',
    title,
    onClick: () => app.selectEvent(place[0], place[1], true),
  })
  made.type = 'button'
  made.append(content)
  return made
}

/** `under`: the thread, where a narrow panel has no column for it. */
function nameCell({app, trace, onName}: TotalsContext, row: NameTotal, under = ''): HTMLElement {
  const name = nameOf(trace, row.name)
  const dot = el('span', {class: 'dot'})
  dot.style.background = app.scene()?.colours.of(row.name).fill ?? ''
  const same = el(
    'button',
    {class: 'icon same', label: `Highlight all ${shown(name)}`, title: 'Highlight all like this'},
    icon(ICONS.search),
  )
  same.type = 'button'
  same.addEventListener('click', () => onName(name))
  const go = goLink(app, traceText(name), `${shown(name)}: go to the longest`, row.longest)
  const text = el('div', {class: 'words'}, go)
  if (under !== '') {
    text.append(traceText(under, 'under'))
  }
  return el('div', {class: 'cell'}, dot, text, same)
}

function time(value: Nanos): string {
  return formatFigure(value)
}

function totalCell(total: Nanos, most: Nanos): HTMLElement {
  const share = el('span', {class: 'share'})
  share.style.width = `${Math.max(1, (total / Math.max(most, 1)) * 100)}%`
  return el('div', {class: 'with-share'}, time(total), share)
}

interface Figures {
  readonly count: number
  readonly total: Nanos
  readonly self: Nanos
  readonly max: Nanos
  readonly longest: Place
}

/** The same five columns for every kind of row. */
function figures<Row>(
  app: App,
  rows: readonly Row[],
  of: (row: Row) => Figures,
): readonly Column<Row>[] {
  const most = rows.reduce((max, row) => Math.max(max, of(row).total), 0)
  const mean = (row: Row): Nanos => of(row).total / Math.max(of(row).count, 1)
  const column = (
    title: string,
    hint: string,
    value: (row: Row) => number,
    cell: (row: Row) => Node | string,
  ): Column<Row> => ({title, hint, isNumber: true, value, cell})
  return [
    column(
      'Count',
      'How many touch the range',
      row => of(row).count,
      row => formatCount(of(row).count),
    ),
    column(
      'Total',
      'Time inside the range',
      row => of(row).total,
      row => totalCell(of(row).total, most),
    ),
    column(
      'Self',
      'Total without what is nested',
      row => of(row).self,
      row => time(of(row).self),
    ),
    column(
      'Mean',
      'Total divided by count',
      row => Math.round(mean(row)),
      row => time(mean(row)),
    ),
    column(
      'Longest',
      'Click a time to go there',
      row => of(row).max,
      row => goLink(app, time(of(row).max), 'Go to the longest', of(row).longest),
    ),
  ]
}

const TOTAL_AT = 2

export function nameTable(context: TotalsContext, rows: readonly NameTotal[]): Table {
  const {app, trace} = context
  const name: Column<NameTotal> = {
    title: 'Name',
    hint: 'Click a name to go to its longest',
    isNumber: false,
    value: row => nameOf(trace, row.name),
    cell: row => nameCell(context, row),
  }
  return makeTable([name, ...figures(app, rows, row => row)], rows, TOTAL_AT)
}

interface BothRow {
  readonly track: Track
  readonly row: NameTotal
}

function threadColumn<Row>(of: (row: Row) => Track, className = ''): Column<Row> {
  return {
    title: 'Thread',
    hint: 'Sort by thread',
    isNumber: false,
    className,
    value: row => of(row).label,
    cell: row => traceText(of(row).label),
  }
}

/** Every name on every thread. */
export function bothTable(context: TotalsContext, threads: readonly ThreadTotals[]): Table {
  const {app, trace} = context
  const rows = threads.flatMap(({track, names}) => names.map((row): BothRow => ({track, row})))
  const name: Column<BothRow> = {
    title: 'Name',
    hint: 'Click a name to go to its longest on that thread',
    isNumber: false,
    value: both => nameOf(trace, both.row.name),
    cell: both => nameCell(context, both.row, both.track.label),
  }
  const thread = threadColumn<BothRow>(both => both.track, 'thread wide-only')
  return makeTable([name, thread, ...figures(app, rows, both => both.row)], rows, TOTAL_AT + 1)
}

function longestOf(names: readonly NameTotal[]): NameTotal | undefined {
  return names.reduce<NameTotal | undefined>(
    (best, row) => (best === undefined || row.max > best.max ? row : best),
    undefined,
  )
}

export function threadTable(
  context: TotalsContext,
  threads: readonly ThreadTotals[],
  length: Nanos,
): Table {
  const {app} = context
  const rows = threads.filter(({names}) => names.length > 0)
  const busy = (row: ThreadTotals): Nanos => busyOf(row.names)
  const most = rows.reduce((max, row) => Math.max(max, busy(row)), 0)
  const count = (row: ThreadTotals): number => row.names.reduce((sum, one) => sum + one.count, 0)
  const share = (row: ThreadTotals): number => busy(row) / Math.max(length, 1)
  const show = ({track}: ThreadTotals): HTMLElement =>
    button(
      shown(track.label),
      `${shown(track.label)}: show it`,
      () => app.showTrack(track.id),
      'link',
    )
  const columns: readonly Column<ThreadTotals>[] = [
    {...threadColumn<ThreadTotals>(row => row.track), cell: show},
    {
      title: 'Spans',
      hint: 'How many touch the range',
      isNumber: true,
      value: count,
      cell: row => formatCount(count(row)),
    },
    {
      title: 'Busy',
      hint: 'Time inside spans',
      isNumber: true,
      value: busy,
      cell: row => totalCell(busy(row), most),
    },
    {
      title: 'Of the range',
      hint: 'Busy time as a share of the range',
      isNumber: true,
      value: share,
      cell: row => formatShare(share(row)),
    },
    {
      title: 'Longest',
      hint: 'Click a time to go there',
      isNumber: true,
      value: row => longestOf(row.names)?.max ?? 0,
      cell: row => {
        const longest = longestOf(row.names)
        return longest === undefined
          ? ''
          : goLink(app, time(longest.max), 'Go to the longest', longest.longest)
      },
    },
  ]
  return makeTable(columns, rows, TOTAL_AT)
}

/** In the order of the answer: longest first, or by time. */
export function longestTable(app: App, trace: Trace, answer: RangeAnswer): Table {
  const text = (title: string, value: (place: TopPlace) => number): Column<TopPlace> => ({
    title,
    hint: `Sort by ${title.toLowerCase()}`,
    isNumber: true,
    value,
    cell: place => time(value(place)),
  })
  const name: Column<TopPlace> = {
    title: 'Name',
    hint: 'Click a name to go there',
    isNumber: false,
    value: place => nameOf(trace, place[5]),
    cell: place =>
      goLink(app, traceText(nameOf(trace, place[5])), 'Go there', [place[0], place[1]]),
  }
  const track = (place: TopPlace): Track | undefined => trackOfLane(trace, place[0])
  const thread: Column<TopPlace> = {
    title: 'Thread',
    hint: 'Sort by thread',
    isNumber: false,
    className: 'thread',
    value: place => track(place)?.label ?? '',
    cell: place => traceText(track(place)?.label ?? ''),
  }
  const columns = [
    name,
    text('Duration', place => place[3]),
    text('Self', place => place[4]),
    text('At', place => place[2]),
    thread,
  ]
  return makeTable(columns, answer.places, -1)
}
