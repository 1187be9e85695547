// SPDX-License-Identifier: MIT
// A table of rows that can be sorted by every column, shows the first hundred and the rest on
// request, and is copied as text with tabs, every row of it.

import {formatCount} from '../model/quantity'
import {button, el, iconButton, ICONS} from './dom'

export interface Column<Row> {
  readonly title: string
  readonly hint: string
  readonly isNumber: boolean
  readonly value: (row: Row) => number | string
  /** What stands in the cell. */
  readonly cell: (row: Row) => Node | string
  readonly className?: string
}

export interface Table {
  readonly root: HTMLElement
  /** The column with a hint of this order: an index, and upward or not. */
  readonly text: () => string
}

/** Rows that are built at once; the rest on request. */
const ROWS = 100

const COPIED_MS = 1600

export function sortedRows<Row>(
  rows: readonly Row[],
  value: (row: Row) => number | string,
  isUp: boolean,
): Row[] {
  const sign = isUp ? 1 : -1
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)]
    const order = typeof x === 'string' ? x.localeCompare(String(y)) : x - Number(y)
    return sign * order
  })
}

/** Exact values, tabs between them: what a spreadsheet takes. */
function textOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const clean = (value: number | string): string => String(value).replace(/[\t\r\n]/g, ' ')
  const lines = rows.map(row => columns.map(column => clean(column.value(row))).join('\t'))
  return [columns.map(column => column.title).join('\t'), ...lines].join('\n')
}

/** A cell with a button in front that shows or hides what is below the row. */
function unfolding(content: Node | string, title: string, isOpen: boolean, go: () => void): Node {
  const fold = iconButton(isOpen ? ICONS.down : ICONS.forward, title, go)
  fold.classList.add('fold')
  fold.setAttribute('aria-expanded', String(isOpen))
  return el('div', {class: 'cell'}, fold, content)
}

/** What stands below a row once it is unfolded, and how the button says so. */
export interface Unfolds<Row> {
  readonly title: string
  readonly part: (row: Row) => Node
}

export function makeTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  sortBy: number,
  unfolds?: Unfolds<Row>,
): Table {
  const open = new Set<Row>()
  let sorted = sortBy
  let isUp = false
  let limit = ROWS
  const root = el('table', {class: 'totals'})
  const ordered = (): Row[] =>
    sorted < 0 ? [...rows] : sortedRows(rows, columns[sorted].value, isUp)
  const classOf = (column: Column<Row>): string =>
    `${column.isNumber ? 'number' : 'name'} ${column.className ?? ''}`.trim()

  const headCell = (column: Column<Row>, i: number): HTMLElement => {
    const isOn = i === sorted
    const text = `${column.title}${isOn ? (isUp ? ' ↑' : ' ↓') : ''}`
    const sort = button(
      text,
      column.hint,
      () => {
        isUp = isOn ? !isUp : !column.isNumber
        sorted = i
        render()
        root.querySelectorAll<HTMLElement>('th button')[i]?.focus()
      },
      'link',
    )
    const cell = el('th', {class: classOf(column)}, sort)
    cell.scope = 'col'
    cell.setAttribute('aria-sort', isOn ? (isUp ? 'ascending' : 'descending') : 'none')
    return cell
  }

  const firstCell = (row: Row, title: string, made: HTMLElement): Node =>
    unfolding(columns[0].cell(row), title, open.has(row), () => {
      if (!open.delete(row)) {
        open.add(row)
      }
      const next = made.nextElementSibling
      const again = bodyRows(row)
      if (next?.classList.contains('unfolded') === true) {
        next.remove()
      }
      made.replaceWith(...again)
      again[0].querySelector<HTMLElement>('.fold')?.focus()
    })

  const bodyRow = (row: Row): HTMLElement => {
    const made = el('tr')
    const cells = columns.map((column, i) => {
      const content =
        i === 0 && unfolds !== undefined ? firstCell(row, unfolds.title, made) : column.cell(row)
      return el('td', {class: classOf(column)}, content)
    })
    made.append(...cells)
    return made
  }

  /** The row, and what is unfolded below it. */
  const bodyRows = (row: Row): HTMLElement[] => {
    const made = bodyRow(row)
    if (unfolds === undefined || !open.has(row)) {
      return [made]
    }
    const cell = el('td', {}, unfolds.part(row))
    cell.colSpan = columns.length
    return [made, el('tr', {class: 'unfolded'}, cell)]
  }

  const moreRow = (count: number): HTMLElement => {
    const more = button(
      `${formatCount(count)} more`,
      'Show all',
      () => {
        limit = Infinity
        render()
      },
      'link more',
    )
    const cell = el('td', {}, more)
    cell.colSpan = columns.length
    return el('tr', {}, cell)
  }

  const render = (): void => {
    const all = ordered()
    const body = el('tbody', {}, ...all.slice(0, limit).flatMap(bodyRows))
    if (all.length > limit) {
      body.append(moreRow(all.length - limit))
    }
    root.replaceChildren(el('thead', {}, el('tr', {}, ...columns.map(headCell))), body)
  }
  render()
  return {root, text: () => textOf(columns, ordered())}
}

/** Copies what `text` gives when it is pressed, and says whether that worked. */
export function copyButton(title: string, text: () => string): HTMLButtonElement {
  const label = 'Copy as text'
  const made = button(label, title, () => {
    navigator.clipboard.writeText(text()).then(
      () => (made.textContent = 'Copied'),
      () => (made.textContent = 'The browser did not allow it'),
    )
    window.setTimeout(() => (made.textContent = label), COPIED_MS)
  })
  made.classList.add('copy')
  return made
}
