// SPDX-License-Identifier: MIT
// Until the trace is open: how far the server is.

import {formatBytes, formatCount} from '../model/quantity'
import type {Progress} from '../wire/api'
import {byId, el} from './dom'

export interface Loading {
  readonly show: (progress: Progress) => void
  readonly say: (text: string) => void
  readonly hide: () => void
}

const STAGES: Readonly<Record<string, string>> = {
  reading: 'Reading the trace',
  indexing: 'Indexing',
  memory: 'Adding up memory',
}

export function makeLoading(): Loading {
  const root = byId('loading')
  const what = el('p', {class: 'what', text: 'Connecting…'})
  const amount = el('p', {class: 'soft', text: '\u00a0'})
  const fill = el('div', {class: 'fill'})
  const bar = el('div', {class: 'bar', role: 'progressbar'}, fill)
  const logo = el('img')
  logo.src = '/icon.svg'
  logo.alt = ''
  root.append(el('div', {class: 'card'}, logo, what, bar, amount))
  return {
    show: ({stage, done, total}) => {
      const share = total > 0 ? Math.min(1, done / total) : 0
      what.textContent = `${STAGES[stage] ?? stage}…`
      fill.style.width = `${share * 100}%`
      bar.setAttribute('aria-valuenow', String(Math.round(share * 100)))
      const format = stage === 'reading' && total > 4096 ? formatBytes : formatCount
      amount.textContent = total > 0 ? `${format(done)} of ${format(total)}` : '\u00a0'
    },
    say: text => {
      what.textContent = text
      amount.textContent = '\u00a0'
      bar.hidden = true
    },
    hide: () => {
      root.hidden = true
    },
  }
}
