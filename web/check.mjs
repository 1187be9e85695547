// SPDX-License-Identifier: MIT
// The type checker and prettier over the whole folder, as one test.

import {spawnSync} from 'node:child_process'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const tools = [
  ['typescript/bin/tsc', '--noEmit'],
  ['prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'],
]
let failed = 0
for (const [tool, ...args] of tools) {
  const run = spawnSync(process.execPath, [join(here, 'node_modules', tool), ...args], {
    cwd: here,
    stdio: 'inherit',
  })
  failed += run.status === 0 ? 0 : 1
}
console.log(`${tools.length - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
