// SPDX-License-Identifier: MIT
// The search box: as one types, what matches keeps its colour and the rest fades; Enter and
// Shift+Enter step through the hits in the order of time.

import {formatCount} from '../model/quantity'
import type {App} from './app'
import {el, icon, iconButton, ICONS} from './dom'

const WAIT_MS = 90

export interface Find {
  readonly root: HTMLElement
  readonly focus: () => void
  readonly step: (direction: 1 | -1) => void
  readonly searchFor: (text: string) => void
  /** Empty the search; false if it was empty. */
  readonly clear: () => boolean
}

export function makeFind(app: App, onCommand: () => void): Find {
  const input = el('input', {label: 'Search event names'})
  input.type = 'search'
  input.placeholder = 'Search names'
  input.spellcheck = false
  input.autocomplete = 'off'
  const count = el('span', {class: 'count'})
  const key = el('kbd', {text: '/'})
  const previous = iconButton(ICONS.up, 'Previous hit (Shift+Enter, Shift+F3)', () => step(-1))
  const next = iconButton(ICONS.down, 'Next hit (Enter, F3)', () => step(1))
  const root = el(
    'div',
    {class: 'find', role: 'search'},
    icon(ICONS.search),
    input,
    count,
    key,
    previous,
    next,
  )
  let timer = 0
  let asked: {readonly cancel: () => void} | null = null
  let answeredFor = ''

  const ask = (): void => {
    timer = 0
    asked?.cancel()
    const text = input.value
    answeredFor = text
    if (text === '') {
      app.setSearch({text: '', matches: null, count: 0, position: 0, isWrapped: false})
      return
    }
    const question = app.client().ask('search', {text})
    asked = question
    question.answer.then(
      answer => {
        const matches = new Set(answer.names)
        app.setSearch({text, matches, count: answer.count, position: 0, isWrapped: false})
      },
      () => {
        if (asked === question) {
          answeredFor = ''
        }
      },
    )
  }

  const from = (): {readonly from: number; readonly lane: number; readonly index: number} => {
    const detail = app.detail()
    if (detail !== null) {
      return {from: detail.start, lane: detail.lane, index: detail.index}
    }
    return {from: Math.max(0, app.view().start), lane: 0, index: 0}
  }

  const step = (direction: 1 | -1): void => {
    const text = input.value
    if (text === '') {
      return focus()
    }
    if (timer !== 0 || answeredFor !== text) {
      window.clearTimeout(timer)
      ask()
    }
    app
      .client()
      .ask('find', {text, ...from(), direction})
      .answer.then(
        found => {
          const {position = 0, wrapped: isWrapped = false} = found
          app.setSearch({
            ...app.search(),
            text,
            position,
            isWrapped,
            count: found.count ?? app.search().count,
          })
          if (found.lane >= 0) {
            app.selectEvent(found.lane, found.index, true)
          }
        },
        () => undefined,
      )
  }

  const focus = (): void => {
    input.focus()
    input.select()
  }

  const searchFor = (text: string): void => {
    input.value = text
    ask()
  }

  input.addEventListener('input', () => {
    if (input.value === '>') {
      input.value = ''
      onCommand()
      return
    }
    window.clearTimeout(timer)
    timer = window.setTimeout(ask, WAIT_MS)
  })
  input.addEventListener('keydown', event => {
    if (event.key === 'Enter') {
      event.preventDefault()
      step(event.shiftKey ? -1 : 1)
    } else if (event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      if (input.value === '') {
        input.blur()
      } else {
        searchFor('')
      }
    }
  })
  // After a break of the connection what was not answered is asked again.
  app.on('trace', () => {
    if (input.value !== '' && answeredFor !== input.value) {
      ask()
    }
  })
  app.on('search', () => {
    const search = app.search()
    if (search.text !== input.value && document.activeElement !== input) {
      input.value = search.text
    }
    if (
      search.text !== '' &&
      search.matches === null &&
      answeredFor !== search.text &&
      app.opened() !== null
    ) {
      ask()
    }
    const place = search.position > 0 ? `${formatCount(search.position)} of ` : ''
    const wrapped = search.isWrapped ? ' ↻' : ''
    count.textContent =
      search.text === ''
        ? ''
        : search.count === 0
          ? 'none'
          : `${place}${formatCount(search.count)}${wrapped}`
    root.classList.toggle('active', search.text !== '')
    root.classList.toggle(
      'nothing',
      search.text !== '' && search.matches !== null && search.count === 0,
    )
  })
  return {
    root,
    focus,
    step,
    searchFor,
    clear: () => {
      const had = input.value !== ''
      if (had) {
        searchFor('')
      }
      return had
    },
  }
}
