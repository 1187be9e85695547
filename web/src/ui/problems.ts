// SPDX-License-Identifier: MIT
// What is wrong with the trace or the connection, in plain words above the picture: a partial
// trace is data, but nobody should take it for a whole one.

import {formatBytes, formatCount, formatPlural, formatShare} from '../model/quantity'
import {formatDuration} from '../model/nanos'
import type {Trace} from '../model/trace'
import type {App} from './app'
import {sourceList, strayClocks} from './sources'
import {byId, el, icon, ICONS, iconButton, traceText} from './dom'

export interface Problems {
  readonly setConnection: (isOpen: boolean, attempts: number) => void
  readonly setError: (text: string) => void
  readonly setSilence: (isSilent: boolean) => void
}

const WARNING = 'M8 2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.1'

/** Longer lists end in "and N more". */
const DAMAGE_SHOWN = 50

function notice(
  className: string,
  text: Node | string,
  more: HTMLElement | null,
  onClose: () => void,
): HTMLElement {
  const root = el(
    'div',
    {class: `notice ${className}`},
    icon(WARNING),
    el('div', {class: 'text'}, text),
  )
  if (more !== null) {
    more.hidden = true
    const toggle = el('button', {class: 'link', text: 'Details'})
    toggle.type = 'button'
    toggle.addEventListener('click', () => {
      more.hidden = !more.hidden
      toggle.textContent = more.hidden ? 'Details' : 'Hide'
      window.dispatchEvent(new Event('resize'))
    })
    root.append(toggle)
  }
  root.append(iconButton(ICONS.close, 'Hide this', onClose))
  if (more !== null) {
    root.append(more)
  }
  return root
}

/** A notice that goes away by itself when its reason does. */
function remark(className: string, text: string): HTMLElement {
  return el('div', {class: `notice ${className}`}, icon(WARNING), el('div', {class: 'text', text}))
}

function partialText(trace: Trace): string | null {
  const {facts} = trace
  const parts: string[] = []
  if (!facts.is_finished) {
    parts.push(
      `This trace is partial: its end is missing. Shown is everything up to ${formatDuration(facts.duration)}.`,
    )
  }
  if (facts.damage.length > 0) {
    const bytes = facts.damage.reduce((sum, damage) => sum + damage.bytes, 0)
    const share = facts.bytes > 0 ? ` (${formatShare(bytes / facts.bytes)} of the file)` : ''
    parts.push(
      `${formatPlural(facts.damage.length, 'damaged part')}${share} could not be read and ${facts.damage.length === 1 ? 'was' : 'were'} skipped; the rest is good.`,
    )
  }
  return parts.length === 0 ? null : parts.join(' ')
}

function damageList(trace: Trace): HTMLElement | null {
  const {damage} = trace.facts
  if (damage.length === 0) {
    return null
  }
  const list = el('ul', {class: 'damage'})
  for (const one of damage.slice(0, DAMAGE_SHOWN)) {
    const where = `byte ${formatCount(one.offset)}, ${formatBytes(one.bytes)}: `
    list.append(el('li', {}, where, traceText(one.text)))
  }
  if (damage.length > DAMAGE_SHOWN) {
    list.append(el('li', {text: `and ${formatCount(damage.length - DAMAGE_SHOWN)} more`}))
  }
  return list
}

function lostText(trace: Trace): string | null {
  const {lost, events} = trace.facts
  if (lost <= 0) {
    return null
  }
  const share = formatShare(lost / (lost + events))
  return `${formatPlural(lost, 'event')} lost while recording (${share}). Where it happened the lanes are hatched.`
}

function lostList(app: App, trace: Trace): HTMLElement | null {
  const losers = trace.tracks.filter(track => track.lost > 0 && track.kind !== 'process')
  if (losers.length === 0) {
    return null
  }
  losers.sort((a, b) => b.lost - a.lost)
  const list = el('ul', {class: 'damage'})
  for (const track of losers.slice(0, DAMAGE_SHOWN)) {
    const gap = trace.lanesOfTrack.get(track.id)?.find(lane => lane.kind === 'gap')
    const go = el('button', {class: 'link', title: 'Go to the first gap'}, traceText(track.label))
    go.type = 'button'
    go.addEventListener('click', () => gap !== undefined && app.selectEvent(gap.id, 0, true))
    list.append(el('li', {}, go, `: ${formatCount(track.lost)}`))
  }
  return list
}

export function makeProblems(app: App): Problems {
  const root = byId('problems')
  let connection: HTMLElement | null = null
  let error: HTMLElement | null = null
  let silence: HTMLElement | null = null
  let fromTrace: HTMLElement[] = []

  const render = (): void => {
    const all = [connection, silence, error, ...fromTrace].filter(
      (one): one is HTMLElement => one !== null,
    )
    root.replaceChildren(...all)
  }

  const addFromTrace = (className: string, text: string, more: HTMLElement | null): void => {
    const made: HTMLElement = notice(className, text, more, () => {
      fromTrace = fromTrace.filter(one => one !== made)
      render()
    })
    fromTrace.push(made)
  }

  app.on('trace', () => {
    const trace = app.opened()?.trace
    fromTrace = []
    if (trace === undefined) {
      return
    }
    const partial = partialText(trace)
    if (partial !== null) {
      addFromTrace('warning partial', partial, damageList(trace))
    }
    const lost = lostText(trace)
    if (lost !== null) {
      addFromTrace('warning lost', lost, lostList(app, trace))
    }
    if (trace.facts.repaired > 0) {
      const text = `${formatPlural(trace.facts.repaired, 'event')} did not fit the others and ${trace.facts.repaired === 1 ? 'was' : 'were'} drawn as well as can be: overlapping spans, ends without a begin, switches that are missing.`
      addFromTrace('remark-only repaired', text, null)
    }
    const stray = strayClocks(trace.sources)
    if (stray.length > 0) {
      const text = `The clock of ${formatPlural(stray.length, 'source')} did not agree with the recorder’s: order and lengths across sources may be wrong.`
      addFromTrace('warning clock', text, sourceList(stray))
    }
    render()
  })

  return {
    setConnection: (isOpen, attempts) => {
      if (isOpen) {
        connection = null
      } else if (attempts > 0 || app.opened() !== null) {
        connection = remark(
          'error connection',
          'No answer from ctrace. Is “ctrace view” still running? Trying again; what is shown stays.',
        )
      }
      render()
    },
    setSilence: isSilent => {
      silence = isSilent
        ? remark(
            'warning silence',
            'ctrace has not answered for some seconds. What is shown may be coarse.',
          )
        : null
      render()
    },
    setError: text => {
      error = notice('error', traceText(text), null, () => {
        error = null
        render()
      })
      render()
    },
  }
}
