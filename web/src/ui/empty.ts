// SPDX-License-Identifier: MIT
// A trace without events says so, and what to do about it, instead of showing a grey field.

import type {App} from './app'
import {byId, el} from './dom'

export function makeEmpty(app: App): void {
  const note = el(
    'div',
    {class: 'empty-state', role: 'note'},
    el('h2', {text: 'No events in this trace'}),
    el('p', {
      text: 'The recording began and ended, but no thread passed a trace point meanwhile. Record longer, put load on the program, or check that its categories are switched on.',
    }),
    el('p', {text: 'The panel shows what the file does say: program, clock, damage.'}),
  )
  note.hidden = true
  byId('tracks').append(note)
  app.on('trace', () => {
    note.hidden = (app.opened()?.trace.lanes.length ?? 0) > 0
  })
}
