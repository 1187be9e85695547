// SPDX-License-Identifier: MIT
// The panel: the trace itself while nothing is selected, else the selected event or range.

import {formatDuration, formatMoment} from '../model/nanos'
import {formatPlural, formatShare} from '../model/quantity'
import type {RangeSelection} from '../model/selection'
import {trackOfLane, type Trace, type Track} from '../model/trace'
import type {App} from './app'
import {eventPage} from './details'
import {button, byId, el, traceText} from './dom'
import type {Marking} from './marking'
import {markList} from './marklist'
import type {Asked} from './asked'
import {splitOf} from './kernel_parts'
import {profileOf, sidesOf, spanParts} from './profile_part'
import {rangeTabs} from './range_tabs'
import {makeResults, type Results} from './results'
import {longestTable} from './totals'
import {tracePage} from './trace_page'

export interface PanelActions {
  readonly onName: (text: string) => void
  readonly onDownload: (range: RangeSelection | null) => void
  readonly marking: Marking
}

export function makePanel(app: App, actions: PanelActions): void {
  const panel = byId('panel')
  const marks = markList(app, actions.marking)
  let results: Results | null = null
  /** Whatever the page in the panel still asks for. */
  let asked: {readonly cancel: () => void}[] = []

  const stopAsking = (): void => {
    results?.cancel()
    asked.forEach(pending => pending.cancel())
    results = null
    asked = []
  }

  const makeAnswer = (trace: Trace): Results => {
    results = makeResults(app, trace, actions.onName)
    return results
  }

  const threadsOf = (trace: Trace): Track[] => trace.tracks.filter(track => track.kind === 'thread')

  const lanesOf = (trace: Trace, range: RangeSelection): number[] => {
    if (range.lane >= 0) {
      return [range.lane]
    }
    const tracks = new Set(range.tracks)
    return trace.lanes
      .filter(lane => tracks.has(lane.track) && (lane.kind === 'span' || lane.kind === 'task'))
      .map(lane => lane.id)
  }

  const whereText = (trace: Trace, range: RangeSelection): string => {
    if (range.lane >= 0) {
      const lane = trace.laneById.get(range.lane)
      const kind = lane?.kind === 'span' ? `, depth ${lane.depth}` : ''
      return `${trackOfLane(trace, range.lane)?.label ?? ''}${kind}`
    }
    if (range.tracks.length === 0) {
      return 'all threads'
    }
    const labels = range.tracks.map(id => trace.trackById.get(id)?.label ?? '')
    return labels.length <= 2 ? labels.join(', ') : formatPlural(labels.length, 'track')
  }

  const rangePage = (trace: Trace, range: RangeSelection): HTMLElement => {
    const length = range.end - range.start
    const lane = range.lane >= 0 ? trace.laneById.get(range.lane) : undefined
    const title = range.lane >= 0 ? 'Merged events' : 'Range'
    const head = el(
      'header',
      {},
      el('div', {class: 'kind'}, title, ' · ', traceText(whereText(trace, range))),
      el(
        'h2',
        {},
        formatDuration(length),
        el('span', {
          class: 'soft',
          text: ` from ${formatMoment(range.start, Math.max(1, length / 100))}`,
        }),
      ),
    )
    const bar = el(
      'div',
      {class: 'actions'},
      button('Zoom to it', 'F', () => app.focusSelection()),
    )
    if (range.tracks.length > 0 || range.lane >= 0) {
      bar.append(
        button('All threads', 'The same range over every thread', () =>
          app.select({...range, tracks: [], lane: -1}),
        ),
      )
    }
    bar.append(button('Chrome JSON', 'Download this range', () => actions.onDownload(range)))
    const share = el('p', {
      class: 'soft',
      text: `${formatShare(length / Math.max(trace.facts.duration, 1))} of the trace`,
    })
    const page = el('div', {class: 'page'}, head, bar, share)
    const isAll = range.lane < 0 && range.tracks.length === 0
    const lanes = isAll ? [] : lanesOf(trace, range)
    const isChosen = (track: Track): boolean => isAll || range.tracks.includes(track.id)
    // Lanes of a process's memory stand for its threads.
    const pids = new Set(
      trace.tracks
        .filter(track => track.kind === 'memory' && isChosen(track))
        .map(track => track.pid),
    )
    const tracks = threadsOf(trace).filter(track => isChosen(track) || pids.has(track.pid))
    const spans = (): Asked => {
      const answer = makeAnswer(trace)
      if (lanes.length === 0 && !isAll) {
        answer.root.append(
          el('p', {class: 'soft', text: 'No spans in these tracks. Drag over a thread instead.'}),
        )
      } else if (lane?.kind === 'instant') {
        listInstants(trace, answer.root, range)
      } else {
        answer.ask({start: range.start, end: range.end, lanes, tracks})
      }
      return answer
    }
    const part = laneParts(trace, range) ?? rangeTabs(app, trace, range, tracks, spans)
    asked.push(part)
    page.append(part.root)
    return page
  }

  /** Merged states and samples have no names to count, but a thread whose time they are. */
  const laneParts = (trace: Trace, range: RangeSelection): Asked | null => {
    const lane = range.lane >= 0 ? trace.laneById.get(range.lane) : undefined
    const {start, end} = range
    switch (lane?.kind) {
      case 'state':
        return splitOf(app, trace, {track: lane.track, start, end})
      case 'sample':
        return profileOf(
          app,
          {track: lane.track, start, end},
          sidesOf(trace, [trace.trackById.get(lane.track)]),
        )
      default:
        return null
    }
  }

  /** Instants have no length to rank by: in the order of time. */
  const listInstants = (trace: Trace, into: HTMLElement, range: RangeSelection): void => {
    const question = app.client().ask('range', {
      lanes: [range.lane],
      start: range.start,
      end: range.end,
      top: 200,
      order: 'start',
    })
    asked.push(question)
    question.answer.then(
      answer =>
        into.replaceChildren(
          el('p', {class: 'lead', text: formatPlural(answer.count, 'event')}),
          el('div', {class: 'scroll'}, longestTable(app, trace, answer).root),
        ),
      () => undefined,
    )
  }

  const wholePage = (trace: Trace): HTMLElement => {
    const {root, part} = tracePage(app, trace, marks, () => makeAnswer(trace))
    asked.push(part)
    return root
  }

  const waitingPage = (): HTMLElement =>
    el('div', {class: 'page'}, el('p', {class: 'soft', text: '…'}))

  const update = (): void => {
    const trace = app.opened()?.trace
    panel.hidden = !app.isPanelOpen() || trace === undefined
    document.body.classList.toggle('with-panel', !panel.hidden)
    if (panel.hidden || trace === undefined) {
      return
    }
    stopAsking()
    const selection = app.selection()
    const detail = app.detail()
    if (selection?.type === 'range') {
      panel.replaceChildren(rangePage(trace, selection))
    } else if (detail !== null) {
      const parts = spanParts(app, trace, detail)
      asked.push(...parts.map(([, part]) => part))
      panel.replaceChildren(eventPage(app, trace, detail, parts, actions.onName))
    } else {
      panel.replaceChildren(selection === null ? wholePage(trace) : waitingPage())
    }
    panel.scrollTop = 0
  }

  for (const change of ['selection', 'detail', 'panel', 'trace', 'theme'] as const) {
    app.on(change, update)
  }
  let isNamed = false
  app.on('names', () => {
    if (!isNamed) {
      isNamed = true
      window.setTimeout(update, 0)
    }
  })
}
