// SPDX-License-Identifier: MIT
// Places that got memory: a table that sorts, and about the chosen one its stack and how long its
// blocks lived.

import {amountOf, type Measure} from '../model/heap'
import {formatFigure} from '../model/nanos'
import {formatCount, formatPlural} from '../model/quantity'
import {shown} from '../model/shown'
import type {HeapAnswer, HeapPlace} from '../wire/api'
import {el, traceText} from './dom'
import {functionName} from './flame_name'
import {livesPart} from './heap_lives'
import {formatAmount, formatBlocks, formatSpread, MEASURE_TITLES, measuresOf} from './heap_words'
import {copyButton, makeTable, type Column, type Table} from './table'

/** Of a stack, as many functions in a cell. */
const CALLERS_SHOWN = 3

const UNKNOWN = 'not known'

/** A place where pages are touched is seldom one where memory is got. */
const SHOWN_ALONE: ReadonlySet<Measure> = new Set(['touched'])

type Frame = HeapPlace['stack'][number]

/** What one says of a frame, and all of its name: without one, `module+0x12`. */
function nameOf(answer: HeapAnswer, [named, , address]: Frame): {brief: string; name: string} {
  const {brief, name, module} = functionName(answer, named)
  if (address === undefined) {
    return {brief, name}
  }
  const last = module.slice(module.lastIndexOf('/') + 1)
  const text = last === '' ? address : `${last}+${address}`
  return {brief: text, name: text}
}

function namesOf(answer: HeapAnswer, place: HeapPlace): string[] {
  return place.stack.map(frame => nameOf(answer, frame).brief)
}

/** `parse < handle < main`. */
function chainText(answer: HeapAnswer, place: HeapPlace): string {
  const names = namesOf(answer, place)
  return names.length === 0 ? UNKNOWN : names.join(' < ')
}

function placeCell(answer: HeapAnswer, place: HeapPlace, onPlace: () => void): HTMLElement {
  const [first = UNKNOWN, ...callers] = namesOf(answer, place)
  const more = callers.length > CALLERS_SHOWN ? ' < …' : ''
  const under = callers.slice(0, CALLERS_SHOWN).map(name => `< ${name}`)
  const link = el('button', {class: 'link', title: 'Its stack, and how long its blocks lived'})
  link.type = 'button'
  link.append(traceText(first))
  link.addEventListener('click', onPlace)
  return el(
    'div',
    {class: 'words'},
    link,
    ...(place.pool === undefined
      ? []
      : [el('span', {class: 'faint', text: ` pool ${place.pool}`})]),
    ...(under.length === 0 ? [] : [traceText(`${under.join(' ')}${more}`, 'callers')]),
  )
}

function amountColumn(measure: Measure, isFirst: boolean): Column<HeapPlace> {
  return {
    title: MEASURE_TITLES[measure],
    hint: 'Bytes',
    isNumber: true,
    className: isFirst ? '' : 'wide-only',
    value: place => amountOf(place.sums, measure).bytes,
    cell: place => {
      const amount = amountOf(place.sums, measure)
      const spread = formatSpread(amount.spread)
      const text = amount.bytes === 0 && amount.blocks === 0 ? '' : formatAmount(amount, measure)
      return el(
        'span',
        {},
        text,
        ...(spread === '' || !isFirst ? [] : [el('span', {class: 'spread', text: spread})]),
      )
    },
  }
}

const HALF_LIVED: Column<HeapPlace> = {
  title: 'Half lived',
  hint: 'Half of its freed blocks lived no longer',
  isNumber: true,
  value: place => place.half_life,
  cell: place => (place.lives.length === 0 ? '' : formatFigure(place.half_life)),
}

function columnsOf(
  answer: HeapAnswer,
  measure: Measure,
  onPlace: (place: HeapPlace) => void,
): Column<HeapPlace>[] {
  const isTouched = measure === 'touched'
  const others = isTouched
    ? []
    : measuresOf(answer).filter(one => !SHOWN_ALONE.has(one) && one !== measure)
  return [
    {
      title: 'Place',
      hint: 'Sort by name',
      isNumber: false,
      value: place => chainText(answer, place),
      cell: place => placeCell(answer, place, () => onPlace(place)),
    },
    amountColumn(measure, true),
    {
      title: isTouched ? 'Pages' : 'Blocks',
      hint: `${isTouched ? 'Pages' : 'Blocks'}: ${MEASURE_TITLES[measure].toLowerCase()}`,
      isNumber: true,
      value: place => amountOf(place.sums, measure).blocks,
      cell: place => formatCount(amountOf(place.sums, measure).blocks).replace('-', '\u2212'),
    },
    ...(isTouched ? [] : [HALF_LIVED]),
    ...others.map(one => amountColumn(one, false)),
  ]
}

function stackList(answer: HeapAnswer, place: HeapPlace): HTMLElement {
  const items = place.stack.map(frame => {
    const [named, line] = frame
    const {file, module} = functionName(answer, named)
    const where = file === '' ? module : line > 0 ? `${file}:${line}` : file
    return el('li', {}, traceText(nameOf(answer, frame).name), traceText(where, 'where soft'))
  })
  return items.length === 0
    ? el('p', {class: 'soft', text: 'Where it was got is not known.'})
    : el('ol', {class: 'stack'}, ...items)
}

function factsOf(answer: HeapAnswer, place: HeapPlace): HTMLElement {
  const list = el('dl', {class: 'facts'})
  for (const measure of measuresOf(answer)) {
    const amount = amountOf(place.sums, measure)
    if (amount.bytes === 0 && amount.blocks === 0) {
      continue
    }
    const spread = formatSpread(amount.spread)
    const figures = [formatAmount(amount, measure), spread].filter(text => text !== '').join(' ')
    list.append(
      el('dt', {text: MEASURE_TITLES[measure]}),
      el('dd', {text: `${figures} in ${formatBlocks(amount.blocks, measure)}`}),
    )
  }
  return list
}

function placePart(answer: HeapAnswer, place: HeapPlace, measure: Measure): Node[] {
  const [first = UNKNOWN] = place.stack.map(frame => nameOf(answer, frame).name)
  return [
    el('h4', {}, traceText(shown(first))),
    factsOf(answer, place),
    ...(place.lives.length === 0 && measure === 'touched'
      ? []
      : [el('h4', {text: 'How long its freed blocks lived'}), livesPart(place)]),
    el('h4', {text: 'Stack'}),
    stackList(answer, place),
  ]
}

/** Those with something of the measure; a click shows more of one. */
export function placesPart(answer: HeapAnswer, measure: Measure): HTMLElement[] {
  const rows = answer.places.filter(place => {
    const {bytes, blocks} = amountOf(place.sums, measure)
    return bytes !== 0 || blocks !== 0
  })
  if (rows.length === 0) {
    return []
  }
  const about = el('div', {class: 'heap-place'})
  about.tabIndex = -1
  about.hidden = true
  const show = (place: HeapPlace): void => {
    about.replaceChildren(...placePart(answer, place, measure))
    about.hidden = false
    about.focus({preventScroll: true})
    about.scrollIntoView({block: 'nearest'})
  }
  const table: Table = makeTable(columnsOf(answer, measure, show), rows, 1)
  const copy = copyButton('These places with tabs, in bytes and nanoseconds', () => table.text())
  const rest = `${formatPlural(answer.places_left_out, 'smaller place')} left out.`
  return [
    el(
      'div',
      {class: 'tabs'},
      el('h3', {text: measure === 'overdue' ? 'What may have leaked' : 'Places'}),
      el('span', {class: 'spring'}),
      copy,
    ),
    el('div', {class: 'scroll heap-places'}, table.root),
    ...(answer.places_left_out > 0 ? [el('p', {class: 'soft', text: rest})] : []),
    about,
  ]
}
