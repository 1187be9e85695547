// SPDX-License-Identifier: MIT
// The socket to the server: questions with their answers, tiles, and coming back after a break.

import type {Answer, ErrorAnswer, Hello, Names, Progress, Questions, Want} from './api'
import {checkedMessage} from './check'
import {decodeTiles, type TileBatch} from './decode'

const RETRY_MS = [250, 500, 1000, 2000, 4000]

/** So long without a word after a question is said to the reader; so long ends the connection. */
const SILENCE_MS = 8_000
const SILENCE_END_MS = 30_000

/** Between two messages about the view; the server allows 100 messages a second. */
const VIEW_PERIOD_MS = 25

export interface Listener {
  readonly onProgress: (progress: Progress) => void
  readonly onHello: (hello: Hello) => void
  readonly onNames: (names: Names) => void
  readonly onTiles: (batch: TileBatch) => void
  readonly onError: (text: string) => void
  /** Connected or not; `attempts` counts failures since the last success. */
  readonly onState: (isOpen: boolean, attempts: number) => void
  /** The server is connected and does not answer; or it does again. */
  readonly onSilence: (isSilent: boolean) => void
}

export interface Pending<T> {
  readonly answer: Promise<T>
  readonly cancel: () => void
}

/** What comes of a long question before its answer. */
type PartOf<K extends keyof Questions> = Questions[K] extends {readonly part: infer P} ? P : never

export interface Client {
  readonly ask: <K extends keyof Questions>(
    type: K,
    ask: Questions[K]['ask'],
    onPart?: (part: PartOf<K>) => void,
  ) => Pending<Questions[K]['answer']>
  /** Ask for these tiles instead of all asked for before. */
  readonly view: (want: readonly Want[]) => void
  readonly isOpen: () => boolean
}

/** An answer that will not come: asked for something else meanwhile, or the line broke. */
export class Cancelled extends Error {}

/** Which message answers which question. */
const ANSWERS: Readonly<Record<keyof Questions, Answer['type']>> = {
  event: 'event',
  range: 'range',
  search: 'search',
  find: 'found',
  at: 'found',
  split: 'split',
  pauses: 'pauses',
  flame: 'flame',
  sleeps: 'sleeps',
  heap: 'heap',
  locks: 'locks',
}

interface Waiting {
  readonly answers: Answer['type']
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
  readonly onPart?: (answer: Answer) => void
}

export function connect(url: string, token: string, listener: Listener): Client {
  const waiting = new Map<number, Waiting>()
  let socket: WebSocket | null = null
  let attempts = 0
  let request = 0
  let seq = 0
  let nextView: readonly Want[] | null = null
  let viewTimer = 0
  let lastView = -VIEW_PERIOD_MS
  /** Of the contract, since the last good tiles: the pauses grow with them. */
  let breaches = 0
  let silentSince = 0
  let silenceTimer = 0
  let isSilent = false
  let isViewOwed = false

  const isOwed = (): boolean => waiting.size > 0 || isViewOwed

  /** What was asked must be answered by something before long. */
  const expectWord = (): void => {
    if (silenceTimer === 0 && isOwed()) {
      silentSince = performance.now()
      silenceTimer = window.setTimeout(onSilence, SILENCE_MS)
    }
  }

  const heard = (): void => {
    window.clearTimeout(silenceTimer)
    silenceTimer = 0
    if (isSilent) {
      isSilent = false
      listener.onSilence(false)
    }
  }

  const onSilence = (): void => {
    silenceTimer = 0
    const left = silentSince + SILENCE_END_MS - performance.now()
    if (!isOwed()) {
      return
    }
    if (left <= 0) {
      drop()
      return
    }
    isSilent = true
    silenceTimer = window.setTimeout(onSilence, left)
    listener.onSilence(true)
  }

  const send = (message: object): boolean => {
    if (socket === null || socket.readyState !== WebSocket.OPEN) {
      return false
    }
    socket.send(JSON.stringify(message))
    return true
  }

  const onAnswer = (message: Answer | ErrorAnswer): void => {
    const entry = message.req === undefined ? undefined : waiting.get(message.req)
    if (message.type === 'error') {
      if (entry === undefined || message.req === undefined) {
        if (message.req === undefined) {
          listener.onError(message.text)
        }
        return
      }
      waiting.delete(message.req)
      entry.reject(new Error(message.text))
      return
    }
    if (entry === undefined) {
      return
    }
    if (message.type !== entry.answers) {
      throw new Error(`a "${message.type}" for a question that wants "${entry.answers}"`)
    }
    if ((message.type === 'range' || message.type === 'heap') && !message.done) {
      entry.onPart?.(message)
      return
    }
    waiting.delete(message.req)
    entry.resolve(message)
  }

  const onText = (text: string): void => {
    const message = checkedMessage(text)
    switch (message.type) {
      case 'progress':
        return listener.onProgress(message)
      case 'hello':
        return listener.onHello(message)
      case 'names':
        return listener.onNames(message)
      default:
        return onAnswer(message)
    }
  }

  const onMessage = (data: unknown): void => {
    try {
      if (typeof data === 'string') {
        onText(data)
      } else if (data instanceof ArrayBuffer) {
        listener.onTiles(decodeTiles(data))
        isViewOwed = false
        breaches = 0
      }
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error)
      listener.onError(`The server sent what this page does not understand: ${what}. Asking again.`)
      breaches++
      drop()
    }
  }

  /** Leave this connection, whatever it still says, and open another. */
  const drop = (): void => {
    const old = socket
    if (old !== null) {
      onClose(old)
      old.close()
    }
  }

  const onClose = (closed: WebSocket): void => {
    if (closed !== socket) {
      return
    }
    socket = null
    isViewOwed = false
    heard()
    for (const entry of waiting.values()) {
      entry.reject(new Cancelled('the connection broke'))
    }
    waiting.clear()
    listener.onState(false, attempts)
    const failures = Math.max(attempts, breaches - 1)
    const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]
    attempts++
    window.setTimeout(open, wait)
  }

  const open = (): void => {
    const next = new WebSocket(url, ['ctrace.v1', `token.${token}`])
    next.binaryType = 'arraybuffer'
    next.addEventListener('open', () => {
      attempts = 0
      listener.onState(true, 0)
    })
    next.addEventListener('message', event => {
      if (next === socket) {
        heard()
        onMessage(event.data)
        expectWord()
      }
    })
    next.addEventListener('close', () => onClose(next))
    socket = next
  }

  const flushView = (): void => {
    viewTimer = 0
    if (nextView !== null && send({type: 'view', seq: ++seq, want: nextView})) {
      lastView = performance.now()
      isViewOwed = true
      expectWord()
    }
    nextView = null
  }

  open()
  return {
    isOpen: () => socket !== null && socket.readyState === WebSocket.OPEN,
    view: want => {
      nextView = want
      if (viewTimer === 0) {
        const wait = Math.max(0, lastView + VIEW_PERIOD_MS - performance.now())
        viewTimer = window.setTimeout(flushView, wait)
      }
    },
    ask: (type, ask, onPart) => {
      const req = ++request
      const answer = new Promise<Answer>((resolve, reject) => {
        waiting.set(req, {
          answers: ANSWERS[type],
          resolve,
          reject,
          onPart: onPart as Waiting['onPart'],
        })
        if (!send({type, req, ...ask})) {
          waiting.delete(req)
          reject(new Cancelled('not connected'))
        }
        expectWord()
      })
      const cancel = (): void => {
        const entry = waiting.get(req)
        if (waiting.delete(req)) {
          send({type: 'cancel', req})
          entry?.reject(new Cancelled('cancelled'))
        }
      }
      answer.catch(() => undefined)
      return {answer: answer as Promise<never>, cancel}
    },
  }
}
