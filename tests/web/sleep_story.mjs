// SPDX-License-Identifier: MIT
// A trace whose sleeps are known: three threads of a shop on two CPUs, in the text form. Every round lasts 100 ms, and
// every time below is in milliseconds of its round.
//
//   main      0 to 2 runs, then sleeps in epoll_wait to the next round; looked at once
//   worker 1  runs 0 to 10, then waits to 70 for the lock that worker 2 has, who is looked at 12 ms and 30 ms into
//             it; runs to 80, and sleeps to the next round, of which nobody sees anything
//   worker 2  runs 0 to 5, has the lock and sleeps in holds_it_long to 68, lets it go, runs to 69, and sleeps in a disk's
//             read, uninterruptible, to the next round

const ROUND = 100
const PID = 20
const [MAIN, ONE, TWO] = [20, 21, 22]
const WATCHER = 9
const CPU = [4, 5, 6]
const [YIELDED, SLEEPING, DISK] = [0, 2, 3]
const [EPOLL_WAIT, NANOSLEEP, PREAD] = [232, 230, 17]
const LOCK_CALL = 8192
const LOCK = 4096

/** Functions: name, file, line, module. */
const FUNCTIONS = [
  ['main', 'shop.c', 12, 1],
  ['event_loop', 'loop.c', 88, 1],
  ['epoll_wait', '', 0, 2],
  ['work', 'work.c', 31, 1],
  ['holds_it_long', 'work.c', 7, 1],
  ['clock_nanosleep', '', 0, 2],
  ['read_block', 'store.c', 44, 1],
  ['pread', '', 0, 2],
  ['take_it', 'work.c', 19, 1],
  ['flush', 'work.c', 61, 1],
]
/** Outermost first. */
const STACKS = {
  loop: ['main', 'event_loop', 'epoll_wait'],
  holding: ['main', 'work', 'holds_it_long', 'clock_nanosleep'],
  flushing: ['main', 'work', 'holds_it_long', 'flush'],
  reading: ['main', 'work', 'read_block', 'pread'],
  taking: ['main', 'work', 'take_it'],
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
    add: (stream, ms, words) => {
      streams.set(stream, [...(streams.get(stream) ?? []), [Math.round(ms * 1e6), words]])
    },
    rows: () =>
      [...streams].flatMap(([stream, list]) => {
        let before = 0
        const sorted = list.map((event, i) => [...event, i]).sort((a, b) => a[0] - b[0] || a[2] - b[2])
        const lines = sorted.map(([ns, words]) => {
          const line = `  +${ns - before} ${words}`
          before = ns
          return line
        })
        return [`chunk EVENTS stream=${stream} base=1000`, ...lines]
      }),
  }
}

function stackRows(stacks, name) {
  const frames = FUNCTIONS.map(
    ([text, file, line, module], i) =>
      `  frame ${i + 1} module=${module} address=0x${(4096 + i * 64).toString(16)} function=${name(text)} file=${file === '' ? 0 : name(file)} line=${line}`,
  )
  const rows = []
  const known = new Map()
  for (const [key, chain] of Object.entries(STACKS)) {
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
    stacks.set(key, parent)
  }
  return ['chunk FRAMES', ...frames, 'chunk STACKS', ...rows]
}

function tellSwitches(streams, t) {
  const turn = (cpu, ms, from, state, to) => streams.add(CPU[cpu], t + ms, `sched_switch ${cpu} ${from} ${state} ${to} 120`)
  const call = (cpu, ms, end, tid, number) => {
    streams.add(CPU[cpu], t + ms, `syscall_enter ${tid} ${number} 3 0 0 0 0 0`)
    streams.add(CPU[cpu], t + end, `syscall_exit ${tid} ${number} 0`)
  }
  turn(0, 0, 0, YIELDED, MAIN)
  call(0, 1.9, ROUND + 0.01, MAIN, EPOLL_WAIT)
  turn(0, 2, MAIN, SLEEPING, 0)
  turn(1, 0, 0, YIELDED, ONE)
  turn(1, 10, ONE, SLEEPING, 0)
  turn(1, 70, 0, YIELDED, ONE)
  turn(1, 80, ONE, SLEEPING, 0)
  turn(2, 0, 0, YIELDED, TWO)
  call(2, 4.9, 68.01, TWO, NANOSLEEP)
  turn(2, 5, TWO, SLEEPING, 0)
  turn(2, 68, 0, YIELDED, TWO)
  call(2, 68.9, ROUND + 0.01, TWO, PREAD)
  turn(2, 69, TWO, DISK, 0)
}

function tellLocks(streams, t, stacks) {
  streams.add(2, t + 9.9, `lock_wait ${LOCK} 1 ${LOCK_CALL} ${TWO}`)
  streams.add(2, t + 9.901, `lock_stack ${stacks.get('taking')}`)
  streams.add(2, t + 70.1, `lock_acquired ${LOCK} 1 ${LOCK_CALL} 0`)
  streams.add(3, t + 68.5, `lock_released ${LOCK} 1`)
}

function tellLooks(streams, t, stacks) {
  const look = (ms, tid, state, where) => streams.add(WATCHER, t + ms, `thread_stack ${tid} ${state} ${stacks.get(where)}`)
  look(50, MAIN, SLEEPING, 'loop')
  look(9.9 + 12, TWO, SLEEPING, 'holding')
  look(9.9 + 30, TWO, SLEEPING, 'flushing')
  look(9.9 + 50, TWO, SLEEPING, 'holding')
  look(90, TWO, DISK, 'reading')
}

/** `hasSwitches` false: the kernel told nothing. `word` stands in every name that a program could choose. */
export function sleepText({rounds = 10, hasSwitches = true, word = ''} = {}) {
  const strings = makeStrings()
  const streams = makeStreams()
  const stacks = new Map()
  const name = text => strings.id(`${text}${word}`)
  const source = text => strings.id(text)
  const counts = 'events=9 lost=0 checks=0 misses=0 slack=0'
  const head = [
    'chunk PROCESSES',
    `  process ${PID} parent=1 name=${name('shop')} start=0`,
    'chunk THREADS',
    `  thread 1 pid=${PID} tid=${MAIN} name=${name('main')} start=0`,
    `  thread 2 pid=${PID} tid=${ONE} name=${name('worker 1')} start=0`,
    `  thread 3 pid=${PID} tid=${TWO} name=${name('worker 2')} start=0`,
    'chunk BUFFERS',
    ...CPU.map((stream, cpu) => `  buffer ${stream} source=${source('tracefs')} cpu=${cpu}`),
    `  buffer ${WATCHER} source=${source('asleep')}`,
    'chunk SOURCES',
    ...(hasSwitches ? [`  source ${source('tracefs')} state=1 ${counts}`] : []),
    `  source ${source('locks')} state=1 ${counts}`,
    `  source ${source('asleep')} state=1 ${counts}`,
    'chunk SITES',
    `  site 0 span_begin name=${name('order')} category=${name('http')} file=${name('work.c')} function=${name('work')} line=31`,
    'chunk CALLS',
    `  call ${EPOLL_WAIT} layer=1 name=${source('epoll_wait')}`,
    `  call ${NANOSLEEP} layer=1 name=${source('clock_nanosleep')}`,
    `  call ${PREAD} layer=1 name=${source('pread64')}`,
    `  call ${LOCK_CALL} layer=2 name=${source('pthread_mutex_lock')}`,
    'chunk MODULES',
    `  module 1 path=${name('/usr/bin/shop')}`,
    `  module 2 path=${source('/lib/x86_64-linux-gnu/libc.so.6')}`,
    ...stackRows(stacks, name),
  ]
  for (let round = 0; round < rounds; round++) {
    const t = round * ROUND
    streams.add(2, t + 1, 'span_begin 0')
    if (hasSwitches) {
      tellSwitches(streams, t)
    }
    tellLocks(streams, t, stacks)
    tellLooks(streams, t, stacks)
    streams.add(2, t + 79, 'end')
  }
  streams.add(1, rounds * ROUND, 'thread_name "main"')
  return ['ctrace-text 1', 'header base=1000', 'chunk STRINGS', ...strings.rows(), ...head, ...streams.rows(), 'chunk INDEX auto', 'trailer', ''].join('\n')
}
