// SPDX-License-Identifier: MIT
// Chrome JSON of the whole trace or of a range, fetched with the token and handed to the browser
// as a file.

import type {Nanos} from '../model/nanos'
import {el} from './dom'

export interface DownloadRange {
  readonly start: Nanos
  readonly end: Nanos
  readonly threads: readonly number[]
}

export function downloadPath(range: DownloadRange | null): string {
  if (range === null) {
    return '/trace.json'
  }
  const start = Math.max(0, Math.floor(range.start))
  const query = `start=${start}&end=${Math.max(start + 1, Math.ceil(range.end))}`
  const threads = range.threads.length > 0 ? `&threads=${range.threads.join(',')}` : ''
  return `/trace.json?${query}${threads}`
}

function fileName(answer: Response, range: DownloadRange | null): string {
  const given = /filename="([^"/\\]+)"/.exec(answer.headers.get('Content-Disposition') ?? '')
  const name = given?.[1] ?? 'trace.json'
  return range === null ? name : name.replace(/\.json$/, '.range.json')
}

/** Rejects with a text for people. */
export async function download(token: string, range: DownloadRange | null): Promise<void> {
  const answer = await fetch(downloadPath(range), {headers: {Authorization: `Bearer ${token}`}})
  if (!answer.ok) {
    const text = (await answer.text()).slice(0, 200).trim()
    throw new Error(`No Chrome JSON: ${text === '' ? `status ${answer.status}` : text}`)
  }
  const url = URL.createObjectURL(await answer.blob())
  const link = el('a')
  link.href = url
  link.download = fileName(answer, range)
  document.body.append(link)
  link.click()
  link.remove()
  window.setTimeout(() => URL.revokeObjectURL(url), 60000)
}
