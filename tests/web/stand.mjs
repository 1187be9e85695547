// SPDX-License-Identifier: MIT
// What every file of page tests does before and after: a folder for traces, one browser, servers
// that are ended, and pages that are asked at the end whether they did what they must not.
// Environment: CTRACE, TRACE_MAKER, REQUESTS_TRACE (programs of the build); CHROMIUM if it is elsewhere.

import assert from 'node:assert/strict'
import {spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {launch, open, problemsOf, serve, settled} from './browser.mjs'

export const {CTRACE, TRACE_MAKER, REQUESTS_TRACE} = process.env

export function run(program, ...args) {
  const done = spawnSync(program, args, {encoding: 'utf8'})
  assert.equal(done.status, 0, `${program} ${args.join(' ')}: ${done.stderr}`)
}

export async function makeStand() {
  const folder = mkdtempSync(join(tmpdir(), 'ctrace-page-'))
  const file = name => join(folder, name)
  const servers = []
  const browser = await launch()
  return {
    file,
    browser,
    /** A server for a trace of the folder. */
    async view(name) {
      const server = await serve(CTRACE, file(name))
      servers.push(server)
      return server
    },
    /** A trace from its text form. */
    assemble(name, text) {
      writeFileSync(file(`${name}.txt`), text)
      run(CTRACE, 'dump', '--assemble', file(`${name}.txt`), '-o', file(name))
    },
    async visit(url, options) {
      const page = await open(browser, url, options)
      await settled(page)
      return page
    },
    async leave(page) {
      assert.deepEqual(await problemsOf(page), [])
      await page.context().close()
    },
    async close() {
      await browser.close()
      await Promise.all(servers.map(server => server.stop()))
      rmSync(folder, {recursive: true, force: true})
    },
  }
}
