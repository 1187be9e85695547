// SPDX-License-Identifier: MIT
// One box to go anywhere: tracks and marks, and behind ">" everything the page can do.

import {rankedBy} from '../model/match'
import {formatDuration} from '../model/nanos'
import {formatShort} from '../model/quantity'
import type {Actions} from './actions'
import type {App} from './app'
import {dialog} from './dialogs'
import {el, traceText} from './dom'
import type {Marking} from './marking'

interface Entry {
  readonly text: string
  /** At the right: keys, or what it is. */
  readonly note: string
  readonly run: () => void
}

/** More than this nobody reads; typing narrows it. */
const SHOWN_MAX = 60

export interface Palette {
  readonly open: (prefix: '' | '>') => void
}

function commandsOf(actions: Actions): Entry[] {
  return Object.values(actions).map(({title, keys, run}) => ({text: title, note: keys, run}))
}

function placesOf(app: App, marking: Marking): Entry[] {
  const trace = app.opened()?.trace
  const marks = app.marks().map(mark => ({
    text: mark.name,
    note: `mark · ${formatDuration(mark.start)}`,
    run: () => marking.goTo(mark),
  }))
  const tracks = (trace?.tracks ?? []).map(track => ({
    text: track.label,
    note: `${track.kind}${track.kind === 'thread' ? ` ${track.tid}` : ''} · ${formatShort(track.events)}`,
    run: () => app.showTrack(track.id),
  }))
  return [...marks, ...tracks]
}

function optionFor(entry: Entry, id: string, onClick: () => void): HTMLElement {
  const made = el(
    'div',
    {class: 'option', role: 'option', id, onClick},
    traceText(entry.text, 'what'),
    el('span', {class: 'note', text: entry.note}),
  )
  return made
}

export function makePalette(app: App, marking: Marking, actions: () => Actions): Palette {
  const box = dialog('palette')
  box.setAttribute('aria-label', 'Go to a track, or run a command')
  const input = el('input', {label: 'Track, mark, or > and a command', role: 'combobox'})
  input.spellcheck = false
  input.autocomplete = 'off'
  input.placeholder = 'A track or a mark; > for commands'
  input.setAttribute('aria-controls', 'palette-list')
  input.setAttribute('aria-expanded', 'true')
  const list = el('div', {class: 'options', role: 'listbox', id: 'palette-list'})
  const nothing = el('p', {class: 'soft', text: 'Nothing by that name.'})
  box.append(input, list, nothing)
  let shown: readonly Entry[] = []
  let chosen = 0

  const run = (entry: Entry | undefined): void => {
    box.close()
    entry?.run()
  }

  const choose = (next: number): void => {
    list.children[chosen]?.setAttribute('aria-selected', 'false')
    chosen = Math.max(0, Math.min(shown.length - 1, next))
    const option = list.children[chosen]
    option?.setAttribute('aria-selected', 'true')
    option?.scrollIntoView({block: 'nearest'})
    input.setAttribute('aria-activedescendant', option?.id ?? '')
  }

  const update = (): void => {
    const isCommand = input.value.startsWith('>')
    const text = isCommand ? input.value.slice(1).trim() : input.value.trim()
    const all = isCommand ? commandsOf(actions()) : placesOf(app, marking)
    shown = rankedBy(all, text, entry => entry.text).slice(0, SHOWN_MAX)
    list.replaceChildren(
      ...shown.map((entry, i) => optionFor(entry, `palette-${i}`, () => run(entry))),
    )
    nothing.hidden = shown.length > 0
    choose(0)
  }

  input.addEventListener('input', update)
  input.addEventListener('keydown', event => {
    const step = {ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8}[event.key]
    if (step !== undefined) {
      event.preventDefault()
      choose(chosen + step)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      run(shown[chosen])
    }
  })
  return {
    open: prefix => {
      input.value = prefix
      update()
      if (!box.open) {
        box.showModal()
      }
      input.focus()
    },
  }
}
