// SPDX-License-Identifier: MIT
// A log's message from its printf format and its arguments, which the trace keeps apart.

interface Value {
  readonly type: string
  readonly value: string
}

const DIRECTIVE =
  /%[-+ 0#']*(?:\d+|\*)?(?:\.(\d+|\*))?(?:hh|h|ll|l|z|j|t|L|q)?([diouxXeEfFgGaAcspn%])/g

function printed(directive: string, precision: string | undefined, argument: Value): string {
  const digits = precision === undefined || precision === '*' ? 6 : Number(precision)
  const number = Number(argument.value)
  if (/[fF]/.test(directive) && Number.isFinite(number)) {
    return number.toFixed(Math.min(digits, 100))
  }
  if (directive === 's' && precision !== undefined && precision !== '*') {
    return argument.value.slice(0, digits)
  }
  return argument.value
}

/** What stands where no argument is left stays as it is. */
export function formatMessage(format: string, args: readonly Value[]): string {
  let next = 0
  return format.replace(DIRECTIVE, (whole, precision: string | undefined, directive: string) => {
    if (directive === '%') {
      return '%'
    }
    const argument = args[next]
    if (argument === undefined) {
      return whole
    }
    next++
    return printed(directive, precision, argument)
  })
}
