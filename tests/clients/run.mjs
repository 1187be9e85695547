// SPDX-License-Identifier: MIT
// Runs the tests, or says what is missing (exit status 77: skipped).

import {spawnSync} from 'node:child_process'
import fs from 'node:fs'
import {fileURLToPath} from 'node:url'

const here = name => fileURLToPath(new URL(name, import.meta.url))
const needed = Object.keys(JSON.parse(fs.readFileSync(here('package.json'), 'utf8')).devDependencies)
const missing = needed.filter(name => !fs.existsSync(here(`node_modules/${name}/package.json`)))

if (missing.length > 0) {
  console.log(`skipped: npm packages are not installed (${missing.join(', ')}): run script/setup test`)
  process.exit(77)
}
const done = spawnSync(process.execPath, ['--test', here('clients.test.mjs')], {stdio: 'inherit'})
process.exit(done.status ?? 1)
