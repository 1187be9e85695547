// SPDX-License-Identifier: MIT
// Says what happened for people who do not see the picture.

import {formatCount, formatPlural} from '../model/quantity'
import {shown} from '../model/shown'
import {trackOfLane} from '../model/trace'
import type {App} from './app'
import {byId} from './dom'
import {sayEvent} from './words'

export function makeLive(app: App): void {
  const live = byId('live')
  const say = (text: string): void => {
    live.textContent = text
  }
  app.on('detail', () => {
    const trace = app.opened()?.trace
    const detail = app.detail()
    if (trace === undefined || detail === null) {
      return
    }
    const {position, count} = app.search()
    const lane = trace.laneById.get(detail.lane)
    const hit = position > 0 ? `, hit ${formatCount(position)} of ${formatCount(count)}` : ''
    const place = `, ${formatCount(detail.index + 1)} of ${formatCount(lane?.events ?? 0)} in the lane`
    say(sayEvent(trace, detail, hit === '' ? place : hit))
  })
  app.on('focus', () => {
    const trace = app.opened()?.trace
    const lane = trace?.laneById.get(app.focusedLane())
    if (trace === undefined || lane === undefined) {
      return
    }
    const track = shown(trackOfLane(trace, lane.id)?.label ?? '')
    const what = lane.kind === 'span' ? `depth ${lane.depth + 1}` : `${lane.kind}s`
    say(`${track}, ${what}, ${formatPlural(lane.events, 'event')}`)
  })
  app.on('search', () => {
    const search = app.search()
    if (search.text !== '' && search.position === 0 && search.matches !== null) {
      say(`${formatPlural(search.count, 'event')} found`)
    }
  })
}
