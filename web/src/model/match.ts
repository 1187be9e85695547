// SPDX-License-Identifier: MIT
// Finding by a few letters: what begins with them, then what has them at the begin of a word, then
// anywhere together, then scattered in their order.

/** 0 is best; -1 does not match. */
export function matchRank(text: string, wanted: string): number {
  const [hay, needle] = [text.toLowerCase(), wanted.toLowerCase()]
  const at = hay.indexOf(needle)
  if (at === 0) {
    return 0
  }
  if (at > 0) {
    return /[^a-z0-9]/.test(hay[at - 1]) ? 1 : 2
  }
  let from = 0
  for (const letter of needle) {
    const found = hay.indexOf(letter, from)
    if (found < 0) {
      return -1
    }
    from = found + 1
  }
  return 3
}

/** Those that match, best first, equals in their order. */
export function rankedBy<T>(
  items: readonly T[],
  wanted: string,
  textOf: (item: T) => string,
): readonly T[] {
  if (wanted === '') {
    return items
  }
  return items
    .map(item => ({item, rank: matchRank(textOf(item), wanted)}))
    .filter(({rank}) => rank >= 0)
    .sort((a, b) => a.rank - b.rank)
    .map(({item}) => item)
}
