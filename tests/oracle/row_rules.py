# SPDX-License-Identifier: MIT
"""What rows of several tables have in common: no redefinition, and a limit of different keys."""

from wire_cursor import Broken


def put_once(table, made, key, value, what):
    there = made.get(key, table.get(key))
    if there is not None and there != value:
        raise Broken(f"{what} {key} is defined twice")
    made[key] = value


def check_count(table, made, key, limit, what):
    if len(table) + len(made) >= limit and len({*table, *made, key}) > limit:
        raise Broken(f"more than {limit} {what}")


def within(number, first, last, what):
    if not first <= number <= last:
        raise Broken(f"{what} {number} is not {first} to {last}")
    return number
