// SPDX-License-Identifier: MIT
// A function's name as one says it: without what it returns, takes, and is made of.

/** What stands between < and >, however nested; unbalanced ones stay. */
function withoutTemplates(text: string): string {
  let kept = ''
  let depth = 0
  for (const letter of text) {
    depth += letter === '<' ? 1 : 0
    kept += depth === 0 ? letter : ''
    depth -= letter === '>' ? 1 : 0
    if (depth < 0) {
      return text
    }
  }
  return depth === 0 ? kept : text
}

/** `std::sort` of `void std::sort<A, B<C> >(A, B<C>) const`; what it does not understand it leaves alone. */
export function briefName(name: string): string {
  if (/\boperator\b|\{lambda/.test(name)) {
    return name
  }
  const marked = name.replaceAll('(anonymous namespace)', '{anonymous}')
  const bare = withoutTemplates(marked).replace(/\(.*$/, '').trim()
  const last = bare.split(' ').pop() ?? ''
  return /[A-Za-z_]/.test(last) && !last.endsWith('::') ? last : name
}
