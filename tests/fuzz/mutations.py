"""Seeded mutations of texts and bytes, as damage, mistakes and malice make them."""

import random
import re

_NUMBERS = (
    *(b"0", b"-1", b"1", b"-0", b"1e308", b"-1e308", b"1e200", b"1e-320", b"nan", b"inf", b"-inf", b"500"),
    *(
        b"99999999",
        b"999999999999999999999",
        b"9" * 5000,
        b"1e",
        b"0x10",
        b"1,5",
        b"2147483648",
        b"",
        b"1e9",
        b"0.5",
    ),
)
_WORDS = (
    *(
        b"",
        b"..",
        b"../x",
        b"/dev/zero",
        b"/",
        b".",
        b"job.xml",
        b"si.h5",
        b"*",
        b"Xx",
        b"Si",
        b"C",
        b"{}",
        b"%s",
    ),
    *(
        b"true",
        b"false",
        b"a" * 300,
        b"a" * 70000,
        "\u00e4\u200b\u0663".encode(),
        b"[1:2",
        b"A+B",
        b"1/0",
        b"x**x**x",
    ),
    *(
        b"<!--",
        b"-->",
        b"]]>",
        b"&amp;",
        b"&x;",
        b"<!DOCTYPE a>",
        b"<?pi?>",
        b"\xff\xfe",
        b"\x01",
        b"\"'",
        b"postgresql://x",
    ),
)
_NUMBER = re.compile(rb"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")
_WORD = re.compile(rb"[A-Za-z_][\w.\-]*")
_ELEMENT = re.compile(rb"<(\w[\w\-]*)[^<>]*(?:/>|>[^<>]*</\1>)")


def _replaced(
    content: bytes, pattern: re.Pattern[bytes], choices: tuple[bytes, ...], rng: random.Random
) -> bytes:
    found = list(pattern.finditer(content))
    if not found:
        return content
    match = rng.choice(found)
    return content[: match.start()] + rng.choice(choices) + content[match.end() :]


def _number(content: bytes, rng: random.Random) -> bytes:
    return _replaced(content, _NUMBER, _NUMBERS, rng)


def _word(content: bytes, rng: random.Random) -> bytes:
    return _replaced(content, _WORD, _WORDS, rng)


def _swapped(content: bytes, rng: random.Random) -> bytes:
    """Put one word of the content in the place of another."""
    words = tuple(match[0] for match in _WORD.finditer(content))
    return _replaced(content, _WORD, words or (b"",), rng)


def _element(content: bytes, rng: random.Random) -> bytes:
    """Drop, repeat or move an element."""
    found = list(_ELEMENT.finditer(content))
    if not found:
        return _line(content, rng)
    match, other = rng.choice(found), rng.choice(found)
    text = rng.choice((b"", match[0] * 2, other[0]))
    return content[: match.start()] + text + content[match.end() :]


def _line(content: bytes, rng: random.Random) -> bytes:
    lines = content.split(b"\n")
    k = rng.randrange(len(lines))
    lines[k : k + 1] = rng.choice(([], [lines[k]] * 2, [rng.choice(lines)], [b""]))
    return b"\n".join(lines)


def _bytes(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 8, 64)) if changed else 0):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _bit(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    if changed:
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _block(content: bytes, rng: random.Random) -> bytes:
    """Zero, drop or repeat a piece."""
    start = rng.randrange(len(content) + 1)
    stop = min(len(content), start + rng.choice((1, 8, 64, 512)))
    piece = content[start:stop]
    return content[:start] + rng.choice((bytes(len(piece)), b"", piece * 2)) + content[stop:]


TEXT = (
    _number,
    _number,
    _number,
    _word,
    _word,
    _swapped,
    _element,
    _element,
    _line,
    _bytes,
    _bit,
    _cut,
    _block,
)
BINARY = (_bytes, _bit, _bit, _cut, _block, _block)


def mutated(content: bytes, is_text: bool, rng: random.Random) -> bytes:
    """Return the content with one to four mutations."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        content = rng.choice(TEXT if is_text else BINARY)(content, rng)
    return content
