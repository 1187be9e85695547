// SPDX-License-Identifier: MIT
// The trace engine of Chromium's DevTools, as published for use outside the browser.

import fs from 'node:fs'

// It was written for a page of a newer browser than Node 18 is.
globalThis.DOMRect ??= class {}
URL.parse ??= (url, base) => (URL.canParse(url, base) ? new URL(url, base) : null)

const {TraceModel} = await import('@paulirish/trace_engine/models/trace/trace.js')

/** What DevTools sees: all events, and the spans of each thread. */
export async function readInDevtools(file) {
  const json = JSON.parse(fs.readFileSync(file, 'utf8'))
  const model = TraceModel.Model.createWithAllHandlers()
  await model.parse(json.traceEvents, {})
  const parsed = model.parsedTrace(0)
  const spans = new Map()
  for (const process of parsed.data.Renderer.processes.values()) {
    for (const [tid, thread] of process.threads) {
      spans.set(tid, thread.entries.filter(entry => entry.ph === 'X').length)
    }
  }
  return {events: parsed.traceEvents.length, spans}
}
