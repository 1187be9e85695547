// SPDX-License-Identifier: MIT
// A part of the panel whose content is asked from the server: it says that it waits, shows the answer,
// or what went wrong, and asks no more when it is let go.

import {Cancelled, type Pending} from '../wire/client'
import {el} from './dom'

export interface Asked {
  readonly root: HTMLElement
  readonly cancel: () => void
}

export function askedPart<T>(pending: Pending<T>, show: (answer: T) => Node): Asked {
  const root = el('div', {}, el('p', {class: 'soft', text: '…'}))
  pending.answer.then(
    answer => root.replaceChildren(show(answer)),
    error => {
      if (!(error instanceof Cancelled)) {
        const text = error instanceof Error ? error.message : String(error)
        root.replaceChildren(el('p', {class: 'remark', text}))
      }
    },
  )
  return {root, cancel: pending.cancel}
}
