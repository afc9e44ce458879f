"""Seeded chance: the same words always give the same number, in any order of asking."""

from __future__ import annotations

from zlib import crc32

_MASK = 0xFFFFFFFF


def start(*words: object) -> int:
    """A starting point for `roll`, from anything that has a text."""
    return crc32("|".join(map(str, words)).encode())


def roll(base: int, word: str, below: int) -> int:
    """A number from 0 up to below `below`, for a starting point and a word."""
    mixed = crc32(word.encode(), base)
    # A check sum alone keeps the differences between its inputs; two multiplications with shifts destroy them.
    mixed = (mixed ^ (mixed >> 16)) * 0x45D9F3B & _MASK
    mixed = (mixed ^ (mixed >> 16)) * 0x45D9F3B & _MASK
    return (mixed ^ (mixed >> 16)) % below


def pick(base: int, word: str, weights: tuple[tuple[int, int], ...]) -> int:
    """One value of (value, weight) pairs."""
    left = roll(base, word, sum(weight for _, weight in weights))
    for value, weight in weights:
        left -= weight
        if left < 0:
            return value
    raise AssertionError("weights cover every roll")
