// SPDX-License-Identifier: MIT
import {deepEqual, equal, ok} from 'node:assert/strict'
import {test} from 'node:test'
import {connect, type Client} from './client'

type Listen = (event: {readonly data?: unknown}) => void

/** Stands in for the browser's socket: what is sent is kept, what arrives is told. */
interface FakeSocket {
  readonly sent: {readonly type: string; readonly req?: number; readonly seq?: number}[]
  readonly hear: (type: string, data?: unknown) => void
}

const sockets: FakeSocket[] = []

function fakeSocket(this: object): object {
  const listeners = new Map<string, Listen>()
  const sent: FakeSocket['sent'] = []
  sockets.push({sent, hear: (type, data) => listeners.get(type)?.({data})})
  return {
    readyState: 1,
    addEventListener: (type: string, listener: Listen) => listeners.set(type, listener),
    send: (text: string) => sent.push(JSON.parse(text)),
    close: () => undefined,
  }
}

interface Heard {
  readonly client: Client
  readonly socket: FakeSocket
  readonly errors: string[]
  readonly states: boolean[]
}

function start(): Heard {
  Object.assign(globalThis, {
    window: globalThis,
    WebSocket: Object.assign(fakeSocket, {OPEN: 1}),
  })
  const errors: string[] = []
  const states: boolean[] = []
  const nothing = (): void => undefined
  const client = connect('ws://x', 't', {
    onProgress: nothing,
    onHello: nothing,
    onNames: nothing,
    onTiles: nothing,
    onError: text => errors.push(text),
    onState: isOpen => states.push(isOpen),
    onSilence: nothing,
  })
  const socket = sockets[sockets.length - 1]
  socket.hear('open')
  return {client, socket, errors, states}
}

const outcome = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    value => JSON.stringify(value),
    error => `no: ${error.message}`,
  )

const EVENT = {type: 'event', lane: 1, index: 2, start: 0, duration: 1, kind: 'span', track: 0}
const RANGE = {type: 'range', busy: 0, lost: 0, places: [], names: []}

test('each answer reaches its question, in any order', async () => {
  const {client, socket} = start()
  const first = client.ask('event', {lane: 1, index: 2})
  const second = client.ask('search', {text: 'a'})
  socket.hear(
    'message',
    JSON.stringify({type: 'search', req: socket.sent[1].req, count: 3, names: []}),
  )
  socket.hear('message', JSON.stringify({...EVENT, req: socket.sent[0].req}))
  ok((await outcome(first.answer)).includes('"lane":1'))
  ok((await outcome(second.answer)).includes('"count":3'))
})

test('an error answers its question, or is told to everybody', async () => {
  const {client, socket, errors} = start()
  const asked = client.ask('event', {lane: 1, index: 2})
  socket.hear(
    'message',
    JSON.stringify({type: 'error', req: socket.sent[0].req, text: 'no such lane'}),
  )
  equal(await outcome(asked.answer), 'no: no such lane')
  socket.hear('message', JSON.stringify({type: 'error', text: 'out of memory'}))
  deepEqual(errors, ['out of memory'])
})

test('parts of a long answer come before its end', async () => {
  const {client, socket} = start()
  const parts: number[] = []
  const range = {lanes: [], start: 0, end: 1, top: 1, order: 'duration'} as const
  const asked = client.ask('range', range, answer => parts.push(answer.count))
  const req = socket.sent[0].req
  socket.hear('message', JSON.stringify({...RANGE, req, done: false, count: 1}))
  socket.hear('message', JSON.stringify({...RANGE, req, done: true, count: 2}))
  ok((await outcome(asked.answer)).includes('"count":2'))
  deepEqual(parts, [1])
})

test('a cancelled question is told to the server and ends', async () => {
  const {client, socket} = start()
  const asked = client.ask('search', {text: 'a'})
  asked.cancel()
  equal(await outcome(asked.answer), 'no: cancelled')
  deepEqual(
    socket.sent.map(message => message.type),
    ['search', 'cancel'],
  )
})

test('nonsense from the server is said, and another connection is opened', async () => {
  const nonsense: readonly unknown[] = [
    '{',
    '[]',
    'null',
    '{"type":"found","req":1}',
    new ArrayBuffer(3),
    new ArrayBuffer(64),
  ]
  for (const data of nonsense) {
    const {client, socket, errors} = start()
    const before = sockets.length
    const asked = client.ask('search', {text: 'a'})
    socket.hear('message', data)
    equal(errors.length, 1)
    equal(client.isOpen(), false)
    equal(await outcome(asked.answer), 'no: the connection broke')
    await new Promise(done => setTimeout(done, 300))
    equal(sockets.length, before + 1)
    socket.hear('message', '{')
    equal(errors.length, 1)
  }
})

test('an answer of another kind than the question is nonsense', async () => {
  const {client, socket, errors} = start()
  client.ask('search', {text: 'a'})
  socket.hear('message', JSON.stringify({...EVENT, req: socket.sent[0].req}))
  equal(errors.length, 1)
  await new Promise(done => setTimeout(done, 300))
})

test('when the line breaks, open questions end and a new line is tried', async () => {
  const {client, socket, states} = start()
  const asked = client.ask('search', {text: 'a'})
  const before = sockets.length
  socket.hear('close')
  equal(await outcome(asked.answer), 'no: the connection broke')
  await new Promise(done => setTimeout(done, 300))
  equal(sockets.length, before + 1)
  deepEqual(states, [true, false])
})

test('views are numbered upwards and sent no faster than the server allows', async () => {
  const {client, socket} = start()
  for (let i = 0; i < 50; i++) {
    client.view([[1, 2, i, 1]])
    await new Promise(done => setTimeout(done, 2))
  }
  await new Promise(done => setTimeout(done, 60))
  const views = socket.sent.filter(message => message.type === 'view')
  ok(views.length >= 2 && views.length <= 12, String(views.length))
  deepEqual(
    views.map(message => message.seq),
    views.map((_, i) => i + 1),
  )
})
