// SPDX-License-Identifier: MIT
// Texts that have broken other viewers, in every field of a trace that holds text.

const long = letter => letter.repeat(4000)

export const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '</script><script>alert(1)</script>',
  '<svg/onload=alert(1)>',
  '<iframe srcdoc="<script>alert(1)</script>">',
  '<a href="javascript:alert(1)">x</a>',
  '<style>*{display:none}</style>',
  '<base href=http://127.0.0.1:1/>',
  '<meta http-equiv=refresh content=0>',
  '<form action=http://127.0.0.1:1/><input>',
  '<!--',
  '-->',
  ']]>',
  '<b>bold</b>',
  '<title>gone</title>',
  '"onmouseover="alert(1)',
  "'onmouseover='alert(1)",
  '`onmouseover=alert(1)',
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  '{{constructor.constructor("alert(1)")()}}',
  '${alert(1)}',
  '#{alert(1)}',
  '<%= alert(1) %>',
  '%s%n%d%x',
  '%00%0a',
  '&lt;b&gt;&amp;',
  '&#60;script&#62;',
  '\\u003cscript\\u003e',
  '\\x3cscript\\x3e',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'undefined',
  'null',
  'NaN',
  '-1',
  '0',
  ' ',
  'nul\u0000nul',
  'bell\u0007 esc\u001b[31mred\u001b[0m',
  'line\nbreak\r\ttab',
  'del\u007f',
  'c1\u0085\u009b',
  'right\u202eto\u2066left',
  'zero\u200bwidth\u200e\u200f\ufeff',
  'separator\u2028\u2029',
  'soft\u00adhyphen',
  'a' + '\u0301'.repeat(300),
  'emoji \u{1f680}\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  'flags \u{1f1e9}\u{1f1ea}',
  'tags \u{e0041}\u{e0042}',
  'עברית العربية',
  '漢字かな交じり文',
  '𝕬𝖇𝖈',
  '../../etc/passwd',
  'file:///etc/passwd',
  "'; DROP TABLE spans;--",
  '${jndi:ldap://x}',
  '$(touch x)`touch x`',
  'C:\\path\\"quoted"',
  'std::map<std::string, int>::operator[](char const*&&)',
  long('W'),
  long('i'),
]

/** Bytes that are no UTF-8, as the text form writes them. */
const BROKEN = ['\\xff\\xfe', '\\xc0\\xaf', '\\xed\\xa0\\x80', '\\xf4\\x90\\x80\\x80', '\\xc3', 'ok\\x80ok']

function escaped(text) {
  return [...Buffer.from(text, 'utf8')]
    .map(byte => {
      const letter = String.fromCharCode(byte)
      return byte < 0x20 || byte >= 0x7f || letter === '"' || letter === '\\'
        ? `\\x${byte.toString(16).padStart(2, '0')}`
        : letter
    })
    .join('')
}

/** A trace in text form (`ctrace dump --assemble`): every text once in every field. */
export function hostileText() {
  const texts = [...HOSTILE.map(escaped), ...BROKEN]
  const lines = [
    'ctrace-text 1',
    'header session=00000000000000000000000000000001 base=1000 rate=1000000000 clock=5',
    'chunk STRINGS seq=0 lz4',
    ...texts.map((text, i) => `  string ${i + 1} "${text}"`),
    'chunk META seq=1',
    ...texts.slice(0, 20).map(text => `  meta "${text}" "${text}"`),
    'chunk SITES seq=2 lz4',
  ]
  texts.forEach((_, i) => {
    const id = i + 1
    const rest = `name=${id} category=${id} file=${id} function=${id} line=${id}`
    lines.push(`  site ${3 * i} span_begin ${rest} arg=str:${id}`)
    lines.push(`  site ${3 * i + 1} log ${rest} arg=str:${id}`)
    lines.push(`  site ${3 * i + 2} counter ${rest} arg=i64:${id}`)
  })
  lines.push('chunk PROCESSES seq=3', '  process 10 parent=1 name=1 start=0', 'chunk THREADS seq=4 lz4')
  const threads = texts.slice(0, 12)
  threads.forEach((_, i) => {
    lines.push(
      `  thread ${i + 1} pid=10 tid=${i + 10} name=${i + 1} start=0 written=0 lost=0 state=1 clamped=0`,
    )
  })
  lines.push('chunk EVENTS stream=1 seq=0 base=1000 lz4')
  texts.forEach((text, i) => {
    lines.push(
      `  +100 span_begin ${3 * i} str="${text}"`,
      `  +200 log ${3 * i + 1} str="${text}"`,
      `  +10 counter ${3 * i + 2} i64=${i}`,
      '  +600 end',
    )
  })
  threads.slice(1).forEach((_, i) => {
    lines.push(`chunk EVENTS stream=${i + 2} seq=0 base=1000 lz4`, `  +5 span_begin ${3 * i} str="x"`, '  +900 end')
  })
  return {text: `${lines.join('\n')}\n`, count: texts.length}
}
