// SPDX-License-Identifier: MIT
// The help: every key and what the mouse does, searchable, with the letters that stand on the
// reader's own keyboard, and the choice of mouse habits.

import {HABITS, type HabitName} from '../model/habits'
import {dialog} from './dialogs'
import {button, el} from './dom'
import {stateLegend} from './legend'
import type {Habits} from './hand'

type Line = readonly [keys: string, what: string]

const HELP: readonly (readonly [string, readonly Line[]])[] = [
  [
    'Move and zoom',
    [
      ['W  S', 'zoom in, out (Shift: faster)'],
      ['A  D', 'left, right (Shift: faster)'],
      ['Ctrl + wheel', 'zoom at the pointer (also pinch, Alt)'],
      ['Wheel', 'scroll; over the ruler: zoom'],
      ['Shift + wheel', 'left, right'],
      ['Shift + drag', 'move (also Space, middle, right button)'],
      ['Ctrl + drag', 'zoom to what is dragged'],
      ['0, Home', 'the whole trace'],
      ['+  -', 'zoom at the middle (also Ctrl + Up, Down)'],
      ['PgUp  PgDn', 'scroll the tracks'],
      ['Ctrl + Home', 'top of the tracks'],
      ['Ctrl + Z, Ctrl + Y', 'back, forward'],
      ['G', 'go to a time'],
    ],
  ],
  [
    'Select',
    [
      ['Click', 'an event, or a bar of merged ones'],
      ['Ctrl + click', 'from the selection to there, as a range'],
      ['Double click', 'zoom to it; in a bar: to the longest'],
      ['Drag', 'a range: totals by name (Alt: no snapping)'],
      ['Right click', 'what can be done with it'],
      ['Ctrl + A', 'the whole lane; again: everything'],
      ['F', 'zoom to the selection; again: back'],
      ['.  ,', 'next, previous event of the lane'],
      ['Alt + Up, Alt + Down', 'parent, child'],
      ['[  ]', 'follow a flow or a wake-up back, forward'],
      ['U', 'who woke it, and what that thread did'],
      ['C', 'from a state to its CPU, from a turn to its thread'],
      ['R', 'the selected span as a range'],
      ['H', 'highlight all of the same name'],
      ['Esc', 'close, unselect, clear the search'],
    ],
  ],
  [
    'Find and arrange',
    [
      ['/, Ctrl + F', 'search names'],
      ['Enter, Shift + Enter', 'next, previous hit (also F3)'],
      ['Ctrl + P', 'go to a track or a mark'],
      ['F1, Ctrl + Shift + P', 'commands (also > in the search)'],
      ['M, Shift + M', 'mark the selection or the pointer; with a name'],
      ['N, Shift + N', 'next, previous mark'],
      ['Del', 'remove the mark gone to last'],
      ['Up  Down', 'lane above, below'],
      ['Right  Left', 'along the lane'],
      ['P, Shift + T', 'pin the track under the pointer'],
      ['1  2  3', 'CPU lanes, states, samples on, off'],
      ['X', 'arrows on, off: flows and wake-ups'],
      ['O', 'pauses over all tracks on, off'],
      ['Q', 'details on, off'],
      ['?', 'this help'],
    ],
  ],
]

const READING = [
  'Outlined boxes are single spans. Bars without an outline are many spans too short for a pixel of their own: the height of a bar is the share of the time that was busy, its colour that of the longest; the faint ground above only says that something ran.',
  'Hollow boxes with a line at their foot are calls: solid into the system, dashed into a library. Violet arrows are wake-ups. A band over all tracks of a process is a pause of its collector.',
  'Hatched: events were lost there. A side that fades out: the span began before the recording, or never ended.',
]

/** Which letter stands at a place; browsers that do not tell get the places of a QWERTY keyboard. */
interface LayoutMap {
  readonly get: (code: string) => string | undefined
}

interface KeyboardApi {
  readonly getLayoutMap?: () => Promise<LayoutMap>
}

function keyboardOf(from: Navigator): KeyboardApi | undefined {
  return (from as Navigator & {readonly keyboard?: KeyboardApi}).keyboard
}

function keyNames(keys: string): HTMLElement {
  const names = el('dt')
  for (const part of keys.split(/(  |, | \+ )/)) {
    if (/^(  |, | \+ )$/.test(part)) {
      names.append(part === ' + ' ? ' + ' : ' ')
      continue
    }
    const cap = el('kbd', {text: part})
    if (/^[A-Z]$/.test(part)) {
      cap.dataset.code = `Key${part}`
    }
    names.append(cap)
  }
  return names
}

/** Letters go by their place: show what is printed there. */
function useLayout(box: HTMLElement): void {
  keyboardOf(navigator)
    ?.getLayoutMap?.()
    .then(
      map => {
        for (const cap of box.querySelectorAll<HTMLElement>('kbd[data-code]')) {
          cap.textContent = map.get(cap.dataset.code ?? '')?.toUpperCase() ?? cap.textContent
        }
      },
      () => undefined,
    )
}

function filterBox(box: HTMLElement): HTMLInputElement {
  const input = el('input', {label: 'Find a key', class: 'filter'})
  input.type = 'search'
  input.placeholder = 'Find a key'
  input.addEventListener('input', () => {
    const wanted = input.value.trim().toLowerCase()
    for (const line of box.querySelectorAll<HTMLElement>('.line')) {
      line.hidden = !(line.textContent ?? '').toLowerCase().includes(wanted)
    }
  })
  return input
}

function habitChoice(habits: Habits): HTMLElement {
  const names = Object.keys(HABITS) as HabitName[]
  const group = el('fieldset', {class: 'habits'}, el('legend', {text: 'Mouse'}))
  for (const name of names) {
    const radio = el('input')
    radio.type = 'radio'
    radio.name = 'habit'
    radio.value = name
    radio.checked = habits.name() === name
    radio.addEventListener('change', () => habits.choose(name))
    const {title, text} = HABITS[name]
    group.append(el('label', {}, radio, el('span', {class: 'strong', text: title}), ` ${text}`))
  }
  return group
}

/** `isDark`: of the theme when the help is opened. */
export function makeHelp(habits: Habits, isDark: () => boolean): {readonly toggle: () => void} {
  const box = dialog('help')
  box.setAttribute('aria-label', 'Keys and mouse')
  const groups = HELP.map(([title, lines]) => {
    const list = el('dl')
    for (const [keys, what] of lines) {
      list.append(el('div', {class: 'line'}, keyNames(keys), el('dd', {text: what})))
    }
    return el('section', {}, el('h3', {text: title}), list)
  })
  const filter = filterBox(box)
  const place = el('div', {class: 'habit-place'})
  const legend = el('section', {class: 'legend'})
  box.append(
    el(
      'header',
      {},
      el('h2', {text: 'Keys and mouse'}),
      filter,
      button('Close', 'Esc', () => box.close()),
    ),
    el('div', {class: 'groups'}, ...groups),
    place,
    legend,
    ...READING.map(text => el('p', {text})),
  )
  const open = (): void => {
    place.replaceChildren(habitChoice(habits))
    filter.value = ''
    filter.dispatchEvent(new Event('input'))
    legend.replaceChildren(...stateLegend(isDark()))
    useLayout(box)
    box.showModal()
  }
  return {toggle: () => (box.open ? box.close() : open())}
}
