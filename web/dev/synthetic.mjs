// SPDX-License-Identifier: MIT
// A made-up web service under load, for looking at the page without the real server.

function generator(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '</script><script>alert(2)</script>',
  'nul\u0000bell\u0007esc\u001b[31m',
  'rtl\u202Eevil\u2066',
  'emoji 🚀 and “quotes”',
  '{{constructor}} ${alert(3)} javascript:alert(4)',
]

export function makeSynthetic({seconds = 10, workers = 8, seed = 7, hostile = false} = {}) {
  const random = generator(seed)
  const names = []
  const ids = new Map()
  const name = text => {
    if (!ids.has(text)) {
      ids.set(text, names.length)
      names.push(text)
    }
    return ids.get(text)
  }
  const duration = Math.round(seconds * 1e9)
  const tracks = []
  const lanes = []
  const addTrack = (kind, label, parent, tid) => {
    tracks.push({id: tracks.length, parent, kind, label, pid: 4242, tid, events: 0, lost: 0})
    return tracks[tracks.length - 1]
  }
  const addLane = (track, kind, depth, extra = {}) => {
    const lane = {id: lanes.length, track: track.id, kind, depth, events: 0, ...extra}
    lane.list = []
    lanes.push(lane)
    return lane
  }
  const exponential = mean => -Math.log(1 - random()) * mean

  const process = addTrack('process', 'webservice', -1, 0)
  const counters = addTrack('counters', 'Counters', process.id, 0)
  const counter = text => addLane(counters, 'counter', 0, {name: name(text)})
  const queueDepth = counter('queue depth')
  const heap = counter('heap bytes')
  const tasks = addTrack('tasks', 'Tasks', process.id, 0)
  const taskLanes = [0, 1, 2, 3].map(depth => addLane(tasks, 'task', depth))
  const taskName = name('request')

  const threadNames = [
    'main',
    'acceptor',
    ...Array.from({length: workers}, (_, i) => `worker ${i + 1}`),
    'logger',
  ]
  const threads = threadNames.map((label, i) => {
    const track = addTrack('thread', label, process.id, 4242 + i)
    const instant = addLane(track, 'instant', 0)
    const spans = [0, 1, 2, 3, 4].slice(0, label.startsWith('worker') ? 5 : 2)
    return {track, instant, lanes: spans.map(depth => addLane(track, 'span', depth)), gap: null}
  })
  threads[3].gap = addLane(threads[3].track, 'gap', 0)

  const routes = [
    'GET /auth/user/{id}',
    'POST /login',
    'GET /users',
    'GET /health',
    'PUT /user/{id}',
  ]
  const steps = ['parse_headers', 'check_token', 'db.query', 'render_json', 'send_response']
  const inner = ['sqlite3_step', 'json_dumps', 'sha256', 'memcpy', 'cache_lookup']
  if (hostile) {
    steps.push(...HOSTILE)
  }
  const push = (lane, start, length, id, extra = {}) => {
    lane.list.push({
      start: Math.round(start),
      duration: Math.max(0, Math.round(length)),
      name: id,
      ...extra,
    })
  }

  const flows = []
  for (const thread of threads.slice(2, 2 + workers)) {
    let at = exponential(2e6)
    while (at < duration * 0.995) {
      const busy = 40e3 + exponential(900e3) * (random() < 0.02 ? 12 : 1)
      const end = Math.min(at + busy, duration)
      const request = push(thread.lanes[0], at, end - at, name('handle_request'), {args: true})
      push(
        thread.lanes[1],
        at + 900,
        (end - at - 2000) | 0,
        name(routes[Math.floor(random() * random() * routes.length)]),
      )
      let t = at + 2500
      while (t < end - 4000) {
        const part = Math.min(exponential(busy / 5), end - 3000 - t)
        push(thread.lanes[2], t, part, name(steps[Math.floor(random() * steps.length)]))
        let u = t + 300
        while (u < t + part - 800) {
          const piece = Math.min(exponential(18e3), t + part - 400 - u)
          push(thread.lanes[3], u, piece, name(inner[Math.floor(random() * inner.length)]))
          if (piece > 3000 && random() < 0.5) {
            push(thread.lanes[4], u + 200, piece - 600, name('pread64'))
          }
          u += piece + exponential(4e3)
        }
        t += part + 600 + exponential(2e3)
      }
      void request
      if (random() < 0.08) {
        push(thread.instant, at + busy * random(), 0, name('GET /auth/user/17 answered 200'), {
          log: true,
        })
      } else if (random() < 0.03) {
        push(thread.instant, at + busy * random(), 0, name('cache miss'))
      }
      at = end + exponential(700e3) * (1 + Math.sin((at / duration) * 12) * 0.8)
    }
  }
  for (const thread of [threads[0], threads[1], threads[threads.length - 1]]) {
    let at = exponential(1e6)
    while (at < duration) {
      const length = 2e3 + exponential(30e3)
      push(thread.lanes[0], at, length, name(thread === threads[1] ? 'accept' : 'epoll_wait'))
      push(thread.lanes[1], at + 300, length / 2, name('dispatch'))
      at += length + exponential(3e6)
    }
  }
  let depth = 0
  for (let t = 0; t < duration; t += exponential(400e3)) {
    depth = Math.max(0, depth + (random() < 0.5 ? 1 : -1))
    queueDepth.list.push({start: Math.round(t), value: depth})
  }
  let bytes = 30e6
  for (let t = 0; t < duration; t += exponential(2e6)) {
    bytes = bytes > 90e6 ? 30e6 : bytes + exponential(60e3)
    heap.list.push({start: Math.round(t), value: Math.round(bytes)})
  }
  taskLanes.forEach((lane, i) => {
    let at = exponential(5e6)
    while (at < duration) {
      const length = 1e6 + exponential(4e6)
      push(lane, at, Math.min(length, duration - at), taskName)
      at += length + exponential(6e6 * (i + 1))
    }
  })
  push(threads[3].gap, duration * 0.62, duration * 0.012, name('lost'), {lost: 1234})
  threads[3].track.lost = 1234

  for (const lane of lanes) {
    lane.list.sort((a, b) => a.start - b.start)
    lane.list = lane.list.filter(
      (event, i, all) =>
        i === 0 ||
        lane.kind === 'counter' ||
        lane.kind === 'instant' ||
        event.start >= all[i - 1].start + all[i - 1].duration,
    )
    lane.list.forEach((event, i) => (event.index = i))
    lane.events = lane.list.length
    tracks[lane.track].events += lane.events
    if (lane.kind === 'counter') {
      lane.min = Math.min(...lane.list.map(e => e.value))
      lane.max = Math.max(...lane.list.map(e => e.value))
    }
  }
  process.events = tracks.reduce((sum, track) => sum + (track === process ? 0 : track.events), 0)
  const last = threads[2].lanes[0].list
  last[last.length - 1].unfinished = true
  for (let i = 0; i < 40; i++) {
    const from = threads[1].lanes[0]
    const to = threads[2 + (i % workers)].lanes[0]
    const a = from.list[Math.floor((from.list.length * (i + 1)) / 42)]
    const b = to.list.find(event => event.start > a.start)
    if (b) {
      flows.push({
        id: String(i),
        from: {lane: from.id, index: a.index, time: a.start + 100},
        to: {lane: to.id, index: b.index, time: b.start + 50},
      })
    }
  }
  return {names, tracks, lanes, duration, flows, events: process.events}
}
