"""Texts that are looked for wherever they may not be, under whatever coating they come."""

import base64


def forms(text: str) -> dict[str, bytes]:
    """What to look for in lower-cased bytes: the text plain, in hexadecimal, percent-encoded, and in base64 at all three phases."""
    raw = text.encode()
    found = {"plain": raw.lower(), "hex": raw.hex().encode(), "percent": "".join(f"%{b:02x}" for b in raw).encode()}
    for phase in range(3):
        coded = base64.b64encode(b"\0" * phase + raw)
        # The characters that depend on nothing but the text.
        first = [0, 2, 3][phase]
        last = (phase + len(raw)) * 8 // 6
        found[f"base64, phase {phase}"] = coded[first:last].lower()
    return found


def coatings(text: str) -> dict[str, str]:
    """The text in each form that [forms] finds again."""
    raw = text.encode()
    coated = {"plain": text, "hex": raw.hex(), "percent": "".join(f"%{b:02X}" for b in raw)}
    for phase in range(3):
        coated[f"base64, phase {phase}"] = base64.b64encode(b"x" * phase + raw).decode()
    return coated


class Needles:
    """Counts where marks were seen: each a kind of its own, found in any of its forms."""

    def __init__(self, texts: dict[str, str]) -> None:
        """`texts`: what all marks of a kind have in common, by the kind."""
        self.needles = [(kind, form, needle) for kind, text in texts.items() for form, needle in forms(text).items()]

    def found_in(self, data: bytes) -> list[tuple[str, str, int]]:
        """Kind, form and place of each that is there, in any letter case."""
        low = data.lower()
        return [(kind, form, at) for kind, form, needle in self.needles if (at := low.find(needle)) >= 0]
