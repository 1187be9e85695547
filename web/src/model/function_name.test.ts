// SPDX-License-Identifier: MIT
import {equal} from 'node:assert/strict'
import {test} from 'node:test'
import {briefName} from './function_name'

test('what a function returns, takes and is made of goes', () => {
  const names = {
    main: 'main',
    'void std::__sort<A, B<C> >(A, B<C>)': 'std::__sort',
    'foo<int>::bar(char const*) const': 'foo::bar',
    '(anonymous namespace)::count(unsigned int)': '{anonymous}::count',
    'unsigned long hash<std::string>(int (*)(int))': 'hash',
    'page.constprop.0': 'page.constprop.0',
  }
  for (const [name, brief] of Object.entries(names)) {
    equal(briefName(name), brief)
  }
})

test('what is not understood stays whole', () => {
  for (const name of [
    'std::operator<< <char>(x)',
    'main::{lambda()#1}::operator()() const',
    'a<b',
    'a>b',
    '()',
    '',
    '<<<<',
    '[kernel]',
  ]) {
    equal(briefName(name), name)
  }
})
