// SPDX-License-Identifier: MIT
// Wiring only: makes the parts and lets them know of each other.

import {tokenIn} from './model/fragment'
import type {RangeSelection} from './model/selection'
import {endOf} from './model/viewport'
import {API_VERSION} from './wire/api'
import {connect} from './wire/client'
import type {Tile} from './wire/decode'
import {makeActions} from './ui/actions'
import {makeApp} from './ui/app_state'
import {makeContextMenu} from './ui/context'
import {fillCorners} from './ui/corners'
import {closeAnyDialog, makeGoTo} from './ui/dialogs'
import {download, type DownloadRange} from './ui/download'
import {makeEmpty} from './ui/empty'
import {makeFind} from './ui/find'
import {makeGrips} from './ui/grip'
import {makeHabits} from './ui/hand'
import {makeHeads, makeScrollbar} from './ui/heads'
import {makeHelp} from './ui/help'
import {makeHook} from './ui/hook'
import {makeKernelWalk} from './ui/kernel_walk'
import {makeKeys} from './ui/keys'
import {makeLive} from './ui/live'
import {makeLoading} from './ui/loading'
import {makeMarking} from './ui/marking'
import {makeMotion} from './ui/motion'
import {makePalette} from './ui/palette'
import {makePanel} from './ui/panel'
import {makePointer} from './ui/pointer'
import {makeProblems} from './ui/problems'
import {makeStage} from './ui/stage'
import {makeThemes} from './ui/themes'
import {makeToolbar} from './ui/toolbar'
import {makeTooltip} from './ui/tooltip'
import {makeWalk} from './ui/walk'

const TOKEN_KEY = 'ctrace.token'

/** From the printed URL once, then from the session, so that a reload finds it. */
function takeToken(): string {
  const given = tokenIn(location.hash)
  if (given !== null) {
    const rest = new URLSearchParams(location.hash.slice(1))
    rest.delete('token')
    const left = rest.toString()
    history.replaceState(null, '', left === '' ? location.pathname : `#${left}`)
    sessionStorage.setItem(TOKEN_KEY, given)
    return given
  }
  return sessionStorage.getItem(TOKEN_KEY) ?? ''
}

function start(): void {
  const token = takeToken()
  const app = makeApp()
  const loading = makeLoading()
  const problems = makeProblems(app)
  const theme = makeThemes(app)
  const stage = makeStage(app)
  const habits = makeHabits()
  const find = makeFind(app, () => palette.open('>'))
  const help = makeHelp(habits, () => app.theme().isDark)
  const goTo = makeGoTo(app)
  const marking = makeMarking(app)
  const heads = makeHeads(app)
  const scrollbar = makeScrollbar(app)
  const walk = makeWalk(app)
  const kernel = makeKernelWalk(app)
  const menu = makeContextMenu(app, find, () => actions)
  const palette = makePalette(app, marking, () => actions)
  const pointer = makePointer(app, stage, {habits, menu, marking})
  const motion = makeMotion(app, stage, pointer.anchor)

  const fetchJson = (range: DownloadRange | null): void => {
    download(token, range).catch(error =>
      problems.setError(error instanceof Error ? error.message : String(error)),
    )
  }
  const downloadRange = (range: RangeSelection | null): void => {
    const trace = app.opened()?.trace
    const ids = range === null || trace === undefined ? [] : range.tracks
    const threads = ids.map(id => trace?.trackById.get(id)?.tid ?? 0).filter(tid => tid > 0)
    fetchJson(range === null ? null : {start: range.start, end: range.end, threads})
  }
  const actions = makeActions(app, {
    find,
    walk,
    kernel,
    marking,
    onHelp: help.toggle,
    onGoToTime: goTo.open,
    onPalette: palette.open,
    onDownloadAll: () => downloadRange(null),
    onDownloadView: () => fetchJson({start: app.view().start, end: endOf(app.view()), threads: []}),
    onTheme: () => theme.click(),
  })

  makeToolbar(app, find, theme, actions)
  makePanel(app, {onName: find.searchFor, onDownload: downloadRange, marking})
  makeTooltip(app)
  makeLive(app)
  makeKeys(app, actions, {
    find,
    motion,
    walk,
    isSpaceHeld: pointer.isSpaceHeld,
    closeDialog: () => menu.close() || closeAnyDialog(),
  })
  fillCorners(app)
  makeEmpty(app)
  makeGrips(app)

  for (const change of ['trace', 'names', 'layout', 'view', 'focus', 'selection'] as const) {
    app.on(change, () => {
      heads.update()
      scrollbar.update()
    })
  }
  window.addEventListener('popstate', () => app.applyFragment(location.hash))
  window.addEventListener('hashchange', () => app.applyFragment(location.hash))

  if (token === '') {
    loading.say('This address lacks its token. Open the URL that “ctrace view” printed.')
    return
  }
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  const client = connect(`${scheme}://${location.host}/api/socket`, token, {
    onProgress: loading.show,
    onHello: hello => {
      if (hello.version !== API_VERSION) {
        loading.say('The server is of another version than this page. Reload it.')
        return
      }
      loading.hide()
      app.open(hello)
    },
    onNames: app.addNames,
    onTiles: batch => {
      const opened = app.opened()
      if (opened !== null && batch.generation === opened.trace.generation) {
        const isKnown = (tile: Tile): boolean => opened.trace.laneById.has(tile.lane)
        batch.tiles.filter(isKnown).forEach(opened.cache.put)
        stage.tilesChanged()
      }
    },
    onError: problems.setError,
    onSilence: problems.setSilence,
    onState: (isOpen, attempts) => {
      problems.setConnection(isOpen, attempts)
      if (!isOpen && attempts > 0 && app.opened() === null) {
        loading.say(
          'No answer. Is “ctrace view” still running, and is this the URL it printed last?',
        )
      }
      stage.reconnected()
    },
  })
  app.setClient(client)
  window.ctraceTest = makeHook(app, stage)
}

start()
