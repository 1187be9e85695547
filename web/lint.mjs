// SPDX-License-Identifier: MIT
// What the type checker does not see: sinks that turn text into markup or code, habits this code
// does without, and imports against the arrows model <- wire <- draw <- ui <- main.

import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const ROOMS = ['model', 'wire', 'draw', 'ui', 'main']
const LINES_MAX = 800

const FORBIDDEN = [
  [
    /\b(innerHTML|outerHTML|insertAdjacentHTML|srcdoc|setHTMLUnsafe|createContextualFragment)\b/,
    'text must not become markup',
  ],
  [/\bdocument\s*\.\s*write/, 'text must not become markup'],
  [/\beval\s*\(|\bnew\s+Function\b/, 'text must not become code'],
  [/\bset(Timeout|Interval)\s*\(\s*['"`]/, 'text must not become code'],
  [/setAttribute\(\s*['"](style|on\w+)['"]/, 'the policy forbids it'],
  [/:\s*any\b|<any>|\bas any\b|\bany\[\]/, 'no any'],
  [/^\s*(export\s+)?(const\s+)?enum\b/m, 'no enum'],
  [/\bexport\s+default\b/, 'no default export'],
  [/@ts-(ignore|nocheck)/, 'types are not switched off'],
  [/\bconsole\./, 'problems are said in the page'],
]

function files(folder) {
  return readdirSync(folder, {withFileTypes: true}).flatMap(entry => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? files(path) : [path]
  })
}

function roomOf(path) {
  const first = relative(join(here, 'src'), path).split('/')[0]
  return ROOMS.indexOf(first.replace(/\.ts$/, ''))
}

/** Comments blanked, lines kept. */
function bare(text) {
  return text
    .replace(/\/\*[^]*?\*\//g, comment => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|\s)\/\/[^\n]*/g, '$1')
}

const complaints = []
const sources = files(join(here, 'src')).filter(path => path.endsWith('.ts'))
for (const path of sources) {
  const text = readFileSync(path, 'utf8')
  const name = relative(here, path)
  const code = bare(text)
  code.split('\n').forEach((line, i) => {
    for (const [pattern, why] of FORBIDDEN) {
      if (pattern.test(line)) {
        complaints.push(`${name}:${i + 1}: ${why}: ${line.trim()}`)
      }
    }
  })
  for (const [, target] of code.matchAll(/from\s+'(\.[^']+)'/g)) {
    const room = roomOf(join(dirname(path), target))
    if (roomOf(path) >= 0 && room > roomOf(path)) {
      complaints.push(`${name}: imports ${target}, which stands above it`)
    }
  }
  if (!text.startsWith('// SPDX-License-Identifier: MIT\n')) {
    complaints.push(`${name}: the first line is not its licence`)
  }
  if (text.split('\n').length > LINES_MAX) {
    complaints.push(`${name}: longer than ${LINES_MAX} lines`)
  }
}
complaints.forEach(line => console.log(line))
const failed = new Set(complaints.map(line => line.split(':')[0])).size
console.log(`${sources.length - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
