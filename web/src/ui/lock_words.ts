// SPDX-License-Identifier: MIT
// What kinds of lock are called.

/** By the server's word; a map, for a word may be `constructor`. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['mutex', 'mutex'],
  ['rwlock', 'read-write lock'],
  ['condition', 'condition'],
  ['semaphore', 'semaphore'],
  ['barrier', 'barrier'],
  ['join', 'end of thread'],
  ['mtx', 'mutex (C11)'],
  ['cnd', 'condition (C11)'],
  ['thrd_join', 'end of thread (C11)'],
])

export function lockWord(kind: string): string {
  return WORDS.get(kind) ?? 'lock'
}
