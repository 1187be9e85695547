// SPDX-License-Identifier: MIT
// Serves the page with made-up data by viewer-server/API.md, for work on the page alone:
// `node dev/server.mjs [--port N] [--seconds S] [--workers N] [--hostile] [--damaged] [--slow MS]`.
// Never shipped; it has no guard, so it listens on loopback only.

import {createHash} from 'node:crypto'
import {mkdtempSync, readFileSync} from 'node:fs'
import {createServer} from 'node:http'
import {spawnSync} from 'node:child_process'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {makeSynthetic} from './synthetic.mjs'
import {tileBytes, tileMessage} from './tiles.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? otherwise : Number(process.argv[at + 1])
}
const has = name => process.argv.includes(`--${name}`)

const out = mkdtempSync(join(tmpdir(), 'ctrace-dev-'))
const data = makeSynthetic({
  seconds: option('seconds', 10),
  workers: option('workers', 8),
  hostile: has('hostile'),
})
const slow = option('slow', 0)
const token = '0123456789abcdef0123456789abcdef'

const TYPES = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
}
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

function rebuild() {
  spawnSync(process.execPath, [join(here, '../build.mjs'), out], {stdio: 'inherit'})
}
rebuild()

function hello() {
  const damage = [
    {offset: 40960, bytes: 65536, text: 'chunk 7: checksum 1a2b3c4d, the bytes give 99e0f112'},
  ]
  return {
    type: 'hello',
    version: 1,
    generation: 1,
    trace: {
      name: has('hostile') ? '<b>trace</b>.out' : 'trace.out',
      bytes: 12345678,
      events: data.events,
      duration: data.duration,
      wall_start_ns: '1790000000000000000',
      lost: 1234,
      is_finished: !has('damaged'),
      clock: 'TSC',
      meta: [
        ['program', 'webservice'],
        ['command line', './webservice --port 8080'],
        ['host', 'debian'],
      ],
      damage: has('damaged') ? damage : [],
      repaired: 0,
    },
    tracks: data.tracks,
    lanes: data.lanes.map(({list, ...lane}) => lane),
  }
}

const spanLanes = () => data.lanes.filter(lane => lane.kind === 'span')
const busyIn = (e, a, b) => Math.max(0, Math.min(e.start + e.duration, b) - Math.max(e.start, a))

function selfTime(lane, event) {
  const below = data.lanes.find(
    l => l.track === lane.track && l.kind === 'span' && l.depth === lane.depth + 1,
  )
  const end = event.start + event.duration
  return (
    event.duration -
    (below?.list ?? []).reduce(
      (sum, e) => sum + (e.start >= event.start && e.start + e.duration <= end ? e.duration : 0),
      0,
    )
  )
}

const answers = {
  event({req, lane: id, index}) {
    const lane = data.lanes[id]
    const e = lane.list[index]
    if (lane.kind === 'counter' || lane.kind === 'instant') {
      return {
        type: 'event',
        req,
        lane: id,
        index,
        start: e.start,
        duration: 0,
        kind: e.log ? 'log' : lane.kind,
        name: e.name ?? lane.name,
        track: lane.track,
        value: e.value,
        chrome: [{ph: 'i'}],
      }
    }
    const relative = depth =>
      data.lanes.find(l => l.track === lane.track && l.kind === lane.kind && l.depth === depth)
    const up = relative(lane.depth - 1)
    const parent = up?.list.find(
      p => p.start <= e.start && p.start + p.duration >= e.start + e.duration,
    )
    const down = (relative(lane.depth + 1)?.list ?? []).filter(
      c => c.start >= e.start && c.start + c.duration <= e.start + e.duration,
    )
    return {
      type: 'event',
      req,
      lane: id,
      index,
      start: e.start,
      duration: e.duration,
      is_unfinished: e.unfinished ?? false,
      kind: lane.kind,
      name: e.name,
      category: 'http',
      track: lane.track,
      depth: lane.depth,
      self: selfTime(lane, e),
      args: [
        {name: 'path', type: 'str', value: '/auth/user/17?<b>x</b>'},
        {name: 'rows', type: 'i64', value: '12'},
        {name: 'buffer', type: 'ptr', value: '0x7ffd1234abcd'},
        {name: 'ratio', type: 'f64', value: '0.25'},
      ],
      site: {file: 'examples/webservice/handlers.c', line: 141, function: 'handle_request'},
      ...(parent ? {parent: [up.id, parent.index]} : {}),
      children: down.length,
      ...(down.length ? {first_child: [relative(lane.depth + 1).id, down[0].index]} : {}),
      task: {
        id: '17',
        lane: data.lanes.find(l => l.kind === 'task').id,
        index: 4,
        name: data.lanes.find(l => l.kind === 'task').list[4].name,
      },
      flows: data.flows.filter(
        f =>
          (f.from.lane === id && f.from.index === index) ||
          (f.to.lane === id && f.to.index === index),
      ),
      ...(lane.kind === 'gap' ? {lost: {count: 1234, reason: 'ring full'}} : {}),
      chrome: [
        {
          name: data.names[e.name],
          ph: 'X',
          ts: e.start / 1000,
          dur: e.duration / 1000,
          pid: 4242,
          tid: 4243,
          args: {path: '/auth/user/17'},
        },
      ],
    }
  },
  range({req, lanes, start, end, top}) {
    const chosen = lanes.length ? lanes.map(id => data.lanes[id]) : spanLanes()
    const totals = new Map()
    const hits = []
    for (const lane of chosen) {
      for (const e of lane.list) {
        if (e.start < end && e.start + (e.duration ?? 0) >= start && lane.kind !== 'counter') {
          hits.push([lane, e])
          const t = totals.get(e.name) ?? {
            name: e.name,
            count: 0,
            total: 0,
            self: 0,
            min: Infinity,
            max: 0,
            longest: [lane.id, e.index],
          }
          t.count++
          t.total += busyIn(e, start, end)
          t.self += busyIn(e, start, end) * 0.6
          t.min = Math.min(t.min, e.duration)
          if (e.duration >= t.max) {
            t.max = e.duration
            t.longest = [lane.id, e.index]
          }
          totals.set(e.name, t)
        }
      }
    }
    hits.sort((a, b) => b[1].duration - a[1].duration)
    const best = hits.slice(0, top)
    return {
      type: 'range',
      req,
      done: true,
      count: hits.length,
      busy: [...totals.values()].reduce((s, t) => s + t.total, 0),
      lost: 0,
      events: best.map(([, e]) => ({
        name: data.names[e.name],
        ph: 'X',
        ts: e.start / 1000,
        dur: e.duration / 1000,
      })),
      places: best.map(([l, e]) => [l.id, e.index, e.start, e.duration, e.duration * 0.6, e.name]),
      names: [...totals.values()].sort((a, b) => b.total - a.total),
    }
  },
  search({req, text}) {
    const names = data.names.flatMap((n, i) =>
      n.toLowerCase().includes(text.toLowerCase()) ? [i] : [],
    )
    return {type: 'search', req, names, count: hitsOf(text).length}
  },
  find({req, text, from, lane, index, direction}) {
    const hits = hitsOf(text)
    if (hits.length === 0) {
      return {type: 'found', req, lane: -1, index: 0, start: 0, duration: 0}
    }
    const order = (a, b) => a[1].start - b[1].start || a[0].id - b[0].id || a[1].index - b[1].index
    const here = [{id: lane}, {start: from, index}]
    let at =
      direction > 0
        ? hits.findIndex(h => order(h, here) > 0)
        : hits.findLastIndex(h => order(h, here) < 0)
    const wrapped = at < 0
    at = wrapped ? (direction > 0 ? 0 : hits.length - 1) : at
    const [l, e] = hits[at]
    return {
      type: 'found',
      req,
      lane: l.id,
      index: e.index,
      start: e.start,
      duration: e.duration,
      wrapped,
      position: at + 1,
      count: hits.length,
    }
  },
  at({req, lane: id, time}) {
    const list = data.lanes[id].list
    const best = list.reduce(
      (a, e) =>
        Math.abs(e.start + (e.duration ?? 0) / 2 - time) <
        Math.abs(a.start + (a.duration ?? 0) / 2 - time)
          ? e
          : a,
      list[0],
    )
    return {
      type: 'found',
      req,
      lane: id,
      index: best.index,
      start: best.start,
      duration: best.duration ?? 0,
    }
  },
}

const cache = new Map()
function hitsOf(text) {
  if (!cache.has(text)) {
    const wanted = new Set(
      data.names.flatMap((n, i) => (n.toLowerCase().includes(text.toLowerCase()) ? [i] : [])),
    )
    const hits = spanLanes().flatMap(lane =>
      lane.list.filter(e => wanted.has(e.name)).map(e => [lane, e]),
    )
    cache.set(
      text,
      hits.sort((a, b) => a[1].start - b[1].start),
    )
  }
  return cache.get(text)
}

function frame(opcode, payload) {
  const length = payload.length
  const head =
    length < 126
      ? Buffer.from([0x80 | opcode, length])
      : length < 65536
        ? Buffer.from([0x80 | opcode, 126, length >> 8, length & 255])
        : Buffer.alloc(10)
  if (length >= 65536) {
    head[0] = 0x80 | opcode
    head[1] = 127
    head.writeBigUInt64BE(BigInt(length), 2)
  }
  return Buffer.concat([head, payload])
}

function talk(socket) {
  const send = object => socket.write(frame(1, Buffer.from(JSON.stringify(object))))
  let newest = 0
  const onView = async ({seq, want}) => {
    newest = seq
    if (slow > 0) {
      await new Promise(done => setTimeout(done, slow))
    }
    let batch = []
    for (const [lane, level, first, count] of want) {
      for (let i = 0; i < count; i++) {
        batch.push(tileBytes(data.lanes[lane], level, first + i))
        if (batch.length >= 24) {
          socket.write(frame(2, tileMessage(seq, batch)))
          batch = []
          await new Promise(done => setImmediate(done))
          if (newest !== seq) {
            return
          }
        }
      }
    }
    if (batch.length > 0) {
      socket.write(frame(2, tileMessage(seq, batch)))
    }
  }
  for (let i = 0; i <= 4; i++) {
    setTimeout(
      () => send({type: 'progress', stage: i < 3 ? 'reading' : 'indexing', done: i, total: 4}),
      i * slow,
    )
  }
  setTimeout(() => {
    send(hello())
    send({type: 'names', first: 0, names: data.names})
  }, 5 * slow)
  return text => {
    const message = JSON.parse(text)
    if (message.type === 'view') {
      void onView(message)
    } else if (answers[message.type]) {
      try {
        send(answers[message.type](message))
      } catch (error) {
        send({type: 'error', req: message.req, text: String(error)})
      }
    }
  }
}

const server = createServer((request, response) => {
  const path = request.url.split('?')[0]
  if (path === '/trace.json') {
    response.writeHead(200, {'Content-Type': 'application/json'})
    response.end('{"traceEvents":[]}')
    return
  }
  const file = path === '/' ? 'index.html' : path.slice(1)
  if (!['index.html', 'app.js', 'app.css', 'icon.svg'].includes(file)) {
    response.writeHead(404)
    response.end('no such page\n')
    return
  }
  if (file === 'index.html') {
    rebuild()
  }
  response.writeHead(200, {
    'Content-Type': TYPES[file.split('.')[1]],
    'Content-Security-Policy': CSP,
  })
  response.end(readFileSync(join(out, file)))
})

server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11')
    .digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: ctrace.v1\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  const onText = talk(socket)
  let rest = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', chunk => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      if (rest.length < 6) return
      let length = rest[1] & 127
      let at = 2
      if (length === 126) {
        if (rest.length < 8) return
        length = rest.readUInt16BE(2)
        at = 4
      } else if (length === 127) {
        if (rest.length < 14) return
        length = Number(rest.readBigUInt64BE(2))
        at = 10
      }
      if (rest.length < at + 4 + length) return
      const mask = rest.subarray(at, at + 4)
      const payload = Buffer.from(rest.subarray(at + 4, at + 4 + length)).map(
        (byte, i) => byte ^ mask[i & 3],
      )
      const opcode = rest[0] & 15
      rest = rest.subarray(at + 4 + length)
      if (opcode === 8) {
        socket.end()
        return
      }
      if (opcode === 1) onText(payload.toString())
    }
  })
})

server.listen(option('port', 0), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/#token=${token}`)
})
