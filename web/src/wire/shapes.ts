// SPDX-License-Identifier: MIT
// Tests of a value's shape, put together from small ones.

export type Fields = Readonly<Record<string, unknown>>
export type Test = (value: unknown) => boolean

/** The most a trace can last: the format's times are 64 bits wide. */
const TIME_MAX = 2 ** 64

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const isText: Test = value => typeof value === 'string'
export const isNumber: Test = value => typeof value === 'number' && Number.isFinite(value)
export const isBoolean: Test = value => typeof value === 'boolean'
export const isTime: Test = value => isNumber(value) && Math.abs(value as number) <= TIME_MAX
export const isCount: Test = value => isNumber(value) && (value as number) >= 0
/** A duration: a time that is not before another. */
export const isLength: Test = value => isTime(value) && isCount(value)
export const maybe =
  (test: Test): Test =>
  value =>
    value === undefined || test(value)
export const listOf =
  (test: Test): Test =>
  value =>
    Array.isArray(value) && value.every(test)
export const shape =
  (tests: Readonly<Record<string, Test>>): Test =>
  value =>
    isObject(value) && Object.entries(tests).every(([field, test]) => test(value[field]))
export const tuple =
  (length: number): Test =>
  value =>
    Array.isArray(value) && value.length === length && value.every(isNumber)
