// SPDX-License-Identifier: MIT
// A trace whose truth is known: a shop of three threads on two CPUs, as a kernel would tell it, in the
// text form. Every round lasts 2 ms, and every time below is in microseconds of its round.
//
//   main    serves `handle`: waits in read until worker writes, is preempted by a stranger, takes a
//           lock, renders, wakes worker by futex, sleeps until a timer wakes it
//   worker  waits in futex until main wakes it, does `job`, fails to open a file, wakes main
//   logger  waits in fsync, uninterruptible, once a round

const ROUND = 2000
const MAIN = 10
const WORKER = 11
const LOGGER = 12
const STRANGER = 77
const CPU = [4, 5]

const READ = 0
const WRITE = 1
const FSYNC = 74
const NANOSLEEP = 230
const FUTEX = 202
const OPENAT = 257
const LOCK = 65535

const YIELDED = 0
const PREEMPTED = 1
const SLEEPING = 2
const UNINTERRUPTIBLE = 3

/** Functions of the stacks: name, file, line. */
const FUNCTIONS = [
  ['main', 'shop.c', 12],
  ['handle', 'shop.c', 40],
  ['render', 'page.c', 7],
  ['escape', 'page.c', 31],
  ['copy', 'bytes.h', 9],
  ['work', 'job.c', 3],
  ['hash', 'job.c', 88],
]
/** Outermost first; a stack row for each. */
const STACKS = {
  handle: ['main', 'handle'],
  render: ['main', 'handle', 'render'],
  escape: ['main', 'handle', 'render', 'escape', 'copy'],
  hash: ['work', 'hash'],
}

function makeStrings() {
  const ids = new Map()
  return {
    id: text => {
      if (!ids.has(text)) {
        ids.set(text, ids.size + 1)
      }
      return ids.get(text)
    },
    rows: () => [...ids].map(([text, id]) => `  string ${id} ${JSON.stringify(text)}`),
  }
}

function makeStreams() {
  const streams = new Map()
  return {
    add: (stream, us, words) => {
      const list = streams.get(stream) ?? []
      streams.set(stream, list)
      list.push([Math.round(us * 1000), words])
    },
    /** In the order of time; what was added first stays first. */
    rows: () =>
      [...streams].flatMap(([stream, list]) => {
        let before = 0
        const lines = list
          .map((event, i) => [...event, i])
          .sort((a, b) => a[0] - b[0] || a[2] - b[2])
          .map(([ns, words]) => {
            const line = `  +${ns - before} ${words}`
            before = ns
            return line
          })
        return [`chunk EVENTS stream=${stream} base=1000`, ...lines]
      }),
  }
}

function tell(streams, stacks) {
  const on = (cpu, us, words) => streams.add(CPU[cpu], us, words)
  return {
    turn: (cpu, us, from, state, to) => on(cpu, us, `sched_switch ${cpu} ${from} ${state} ${to} 120`),
    wake: (cpu, us, waker, tid, target) => on(cpu, us, `sched_waking ${cpu} ${waker} ${tid} ${target}`),
    enter: (cpu, us, tid, call, ...args) =>
      on(cpu, us, `syscall_enter ${tid} ${call} ${[...args, 0, 0, 0, 0, 0, 0].slice(0, 6).join(' ')}`),
    text: (cpu, us, tid, index, text) => on(cpu, us, `syscall_text ${tid} ${index} ${JSON.stringify(text)}`),
    exit: (cpu, us, tid, call, result) => on(cpu, us, `syscall_exit ${tid} ${call} ${result}`),
    sample: (cpu, us, tid, name) => on(cpu, us, `sample ${tid} ${cpu} 100000 ${stacks.get(name)}`),
  }
}

function mainRound(say, streams, t) {
  say.turn(0, t + 5, 0, YIELDED, MAIN)
  say.exit(0, t + 8, MAIN, NANOSLEEP, 0)
  streams.add(1, t + 20, 'span_begin 0 str="/cart"')
  say.sample(0, t + 50, MAIN, 'handle')
  say.enter(0, t + 100, MAIN, READ, 3, 140000000, 4096)
  say.turn(0, t + 110, MAIN, SLEEPING, 0)
  say.turn(0, t + 650, 0, YIELDED, MAIN)
  say.exit(0, t + 660, MAIN, READ, 512)
  streams.add(1, t + 700, `syscall_enter 0 ${LOCK} 4096 0 0 0 0 0`)
  streams.add(1, t + 720, `syscall_exit 0 ${LOCK} 0`)
  streams.add(1, t + 800, 'span_begin 1')
  say.sample(0, t + 810, MAIN, 'render')
  say.turn(0, t + 900, MAIN, PREEMPTED, STRANGER)
  say.turn(0, t + 1000, STRANGER, SLEEPING, MAIN)
  say.sample(0, t + 1050, MAIN, 'escape')
  say.sample(0, t + 1150, MAIN, 'escape')
  say.sample(0, t + 1250, MAIN, 'render')
  streams.add(1, t + 1400, 'end')
  say.enter(0, t + 1440, MAIN, FUTEX, 4096, 1, 1)
  say.wake(0, t + 1450, MAIN, WORKER, 1)
  say.exit(0, t + 1460, MAIN, FUTEX, 1)
  streams.add(1, t + 1500, 'end')
  say.enter(0, t + 1580, MAIN, NANOSLEEP, 0, 0)
  say.turn(0, t + 1600, MAIN, SLEEPING, LOGGER)
  say.wake(0, t + ROUND, 0, MAIN, 0)
}

function workerRound(say, streams, t) {
  say.enter(1, t + 300, WORKER, OPENAT, 4294967196, 8192, 524288)
  say.text(1, t + 301, WORKER, 1, '/etc/shop.conf')
  say.exit(1, t + 310, WORKER, OPENAT, -2)
  for (let us = 350; us < 590; us += 100) {
    say.sample(1, t + us, WORKER, 'hash')
  }
  say.enter(1, t + 590, WORKER, WRITE, 4, 8192, 512)
  say.wake(1, t + 600, WORKER, MAIN, 0)
  say.exit(1, t + 610, WORKER, WRITE, 512)
  streams.add(2, t + 640, 'end')
  say.enter(1, t + 700, WORKER, FUTEX, 4096, 0, 0)
  say.turn(1, t + 710, WORKER, SLEEPING, 0)
  say.turn(1, t + 1480, 0, YIELDED, WORKER)
  say.exit(1, t + 1490, WORKER, FUTEX, 0)
  streams.add(2, t + 1500, 'span_begin 2')
}

function loggerRound(say, t) {
  say.exit(0, t + 1610, LOGGER, FSYNC, 0)
  say.enter(0, t + 1700, LOGGER, FSYNC, 5)
  say.turn(0, t + 1720, LOGGER, UNINTERRUPTIBLE, 0)
  say.wake(1, t + 1590, WORKER, LOGGER, 0)
}

function stackRows(stacks, strings) {
  const frames = FUNCTIONS.map(
    ([name, file, line], i) =>
      `  frame ${i + 1} module=1 address=0x${(4096 + i * 64).toString(16)} function=${strings.id(name)} file=${strings.id(file)} line=${line} flags=${name === 'copy' ? 1 : 0}`,
  )
  const rows = []
  const known = new Map()
  for (const [name, chain] of Object.entries(STACKS)) {
    let path = ''
    let parent = 0
    for (const one of chain) {
      path += `/${one}`
      if (!known.has(path)) {
        known.set(path, known.size + 1)
        const frame = FUNCTIONS.findIndex(([of]) => of === one) + 1
        rows.push(`  stack ${known.get(path)}${parent > 0 ? ` parent=${parent}` : ''} frame=${frame}`)
      }
      parent = known.get(path)
    }
    stacks.set(name, parent)
  }
  return ['chunk FRAMES', ...frames, 'chunk STACKS', ...rows]
}

function callRows(strings) {
  const calls = [
    [READ, 1, 'read'],
    [WRITE, 1, 'write'],
    [FSYNC, 1, 'fsync'],
    [FUTEX, 1, 'futex'],
    [NANOSLEEP, 1, 'clock_nanosleep'],
    [OPENAT, 1, 'openat'],
    [LOCK, 2, 'pthread_mutex_lock'],
  ]
  return ['chunk CALLS', ...calls.map(([id, layer, name]) => `  call ${id} layer=${layer} name=${strings.id(name)}`)]
}

/**
 * `misses` of the clock's self-test; `lost` events of CPU 1 in the last round; `word` stands in every name
 * that a program or kernel could choose.
 */
export function kernelText({rounds = 20, misses = 0, lost = 0, word = ''} = {}) {
  const strings = makeStrings()
  const streams = makeStreams()
  const stacks = new Map()
  const name = text => strings.id(`${text}${word}`)
  const head = [
    'chunk PROCESSES',
    `  process ${MAIN} parent=1 name=${name('shop')} start=0`,
    'chunk THREADS',
    `  thread 1 pid=${MAIN} tid=${MAIN} name=${name('main')} start=0`,
    `  thread 2 pid=${MAIN} tid=${WORKER} name=${name('worker')} start=0`,
    `  thread 3 pid=${MAIN} tid=${LOGGER} name=${name('logger')} start=0`,
    `  thread 6 pid=0 tid=${STRANGER} name=${name('backup')}`,
    'chunk BUFFERS',
    `  buffer ${CPU[0]} source=${name('tracefs')} cpu=0`,
    `  buffer ${CPU[1]} source=${name('tracefs')} cpu=1`,
    'chunk SOURCES',
    `  source ${name('tracefs')} state=1 events=${rounds * 30} lost=${lost} checks=210 misses=${misses} slack=160`,
    `  source ${name('perf-samples')} state=1 events=${rounds * 8} lost=0 checks=64 misses=0 slack=420`,
    `  source ${name('preload')} state=2 why=${name('the program is static: nothing can be interposed')}`,
    'chunk SITES',
    `  site 0 span_begin name=${name('handle')} category=${name('http')} file=${name('shop.c')} function=${name('handle')} line=40 arg=str:${name('path')}`,
    `  site 1 span_begin name=${name('render')} category=${name('http')} file=${name('page.c')} function=${name('render')} line=7`,
    `  site 2 span_begin name=${name('job')} category=${name('work')} file=${name('job.c')} function=${name('work')} line=3`,
    ...callRows(strings),
    'chunk MODULES',
    `  module 1 path=${name('/usr/bin/shop')}`,
    ...stackRows(stacks, {id: name}),
    'chunk FILES',
    `  file ${MAIN} fd=3 from=0 name=${name('pipe:[7]')}`,
    `  file ${MAIN} fd=4 from=0 name=${name('pipe:[7]')}`,
    `  file ${MAIN} fd=5 from=0 name=${name('/var/log/shop')}`,
  ]
  const say = tell(streams, stacks)
  streams.add(2, 1, 'span_begin 2')
  say.turn(1, 2, 0, YIELDED, WORKER)
  for (let round = 0; round < rounds; round++) {
    mainRound(say, streams, round * ROUND)
    workerRound(say, streams, round * ROUND)
    loggerRound(say, round * ROUND)
  }
  if (lost > 0) {
    const end = rounds * ROUND
    streams.add(CPU[1], end - 100, `lost 9 ${lost} ${(end - 300) * 1000}`)
  }
  return [
    'ctrace-text 1',
    'header base=1000',
    'chunk STRINGS',
    ...strings.rows(),
    ...head,
    ...streams.rows(),
    'chunk INDEX auto',
    `trailer lost=${lost}`,
    '',
  ].join('\n')
}
