// SPDX-License-Identifier: MIT
// Text from a trace, made safe to look at: what cannot be seen, or would turn the text around
// it, is written out. It never makes markup: text reaches the page by textContent and fillText.

/** Controls, direction marks, invisible separators, lone surrogates and the private tag characters. */
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\udb40[\udc00-\udc7f]/g

function picture(hidden: string): string {
  const code = hidden.codePointAt(0) ?? 0
  if (code < 0x100) {
    return `\\x${code.toString(16).padStart(2, '0')}`
  }
  return `\\u{${code.toString(16).toUpperCase()}}`
}

/** The text with everything invisible written out: `\x00`, `\u{202E}`. Few fonts have better signs. */
export function shown(text: string): string {
  return text.replace(HIDDEN, picture)
}

/** At most `limit` characters of it, with an ellipsis for the rest. */
export function shortened(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`
}
