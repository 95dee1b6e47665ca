"""The day: its hours, who asks, what texts say and how far each may go."""

import base64
import dataclasses
import random

from marks import coatings
from arrivals import Trace

# The hour at which a phase begins, how busy it is (requests over what the site can do) and its name. The rates are ours: office hours.
PHASES = [
    (7.0, 0.35, "quiet morning"),
    (9.5, 0.9, "office hours"),
    (11.0, 3.2, "peak: more than the site can do"),
    (13.5, 0.8, "afternoon"),
    (18.0, 0.4, "evening"),
]
FIRST_HOUR, LAST_HOUR = 7.0, 21.0
KILL_AT, RESTART_AT, DRAIN_AT, RESUME_AT = 14.75, 15.5, 16.25, 17.75

# Tenant, its share of the requests, how far any of them may go, and how long it waits for a first token before a farther zone is used.
TENANTS = [("research", 0.5, "external", "1500ms"), ("support", 0.35, "datacenter", "1500ms"), ("clinic", 0.15, "site", "60s")]
SECRETS_SHARE, LABEL_SHARE = 0.08, 0.06

# One token each, for the simulated nodes' vocabulary as for most models'.
_WORDS = (
    "fence garden river letter window silver winter harbour lantern copper meadow kitchen journey teacher machine number answer question network "
    "station thunder village orchard mountain blanket captain feather ribbon island market pencil bridge the of and to in is that for it as was with"
).split()


def hour_of(share: float) -> float:
    return FIRST_HOUR + share * (LAST_HOUR - FIRST_HOUR)


def clock(hour: float) -> str:
    return f"{int(hour):02d}:{int(hour % 1 * 60):02d}"


def phase_at(hour: float) -> tuple[float, str]:
    """How busy it is, and the phase's name."""
    _, busy, name = next(phase for phase in reversed(PHASES) if hour >= phase[0])
    return busy, name


def policy(upstream_port: int, model: str, context: int) -> str:
    tenants = "\n".join(
        f"  - {{name: {name}, farthest-zone: {zone}, max-wait: {wait}, budgets: [{{window: day, money: 20}}]}}" for name, _, zone, wait in TENANTS
    )
    return f"""# Nothing is said of detectors: all of them look, and what is found stays on the site.
tenants:
{tenants}
  - {{name: operators, farthest-zone: site}}
upstreams:
  - name: outside
    base-url: http://127.0.0.1:{upstream_port}/v1
    price: {{input-per-million: 0.15, output-per-million: 0.60}}
    limits: {{max-in-flight: 256, requests-per-minute: 100000, tokens-per-minute: 100000000}}
    timeouts: {{connect: 2s, first-byte: 20s, between: 10s}}
    models:
      {model}: {{upstream-name: big, context-length: {context}}}
"""


@dataclasses.dataclass
class Request:
    """One that a client sends."""

    number: int
    tenant: str
    # "may": as far as its tenant may go; else what keeps it on the site: "tenant", "label" or "secret".
    kind: str
    text: str
    answer_tokens: int
    # That must not be found outside.
    secrets: list[str]

    @property
    def stays(self) -> bool:
        return self.kind != "may"

    def headers(self, key: str) -> dict[str, str]:
        # Explained: the stream then says in comments where the answer moves.
        found = {"Content-Type": "application/json", "Authorization": f"Bearer {key}", "Ringfence-Explain": "true"}
        return {**found, "Ringfence-Zone": "site"} if self.kind == "label" else found

    def body(self, model: str) -> dict:
        return {
            "model": model,
            "messages": [{"role": "system", "content": f"You work for {self.tenant}."}, {"role": "user", "content": self.text}],
            "max_tokens": self.answer_tokens,
            "seed": self.number,
            "stream": True,
            "stream_options": {"include_usage": True},
        }


def _card(r: random.Random) -> str:
    digits = [4, 9, 2, 9, *(r.randrange(10) for _ in range(11))]
    doubled = [d if i % 2 else d * 2 - 9 * (d > 4) for i, d in enumerate(digits)]
    digits.append(-sum(doubled) % 10)
    text = "".join(map(str, digits))
    return f"{text[:4]} {text[4:8]} {text[8:12]} {text[12:]}"


def _iban(r: random.Random) -> str:
    account = "".join(str(r.randrange(10)) for _ in range(18))
    check = 98 - int(account + "131400") % 97
    return f"DE{check:02d}{account}"


def _letters(r: random.Random, count: int) -> str:
    return "".join(r.choice("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(count))


def _secret(r: random.Random) -> tuple[str, str]:
    """A secret, and a sentence that tells it."""
    kind = r.choice(["card", "key", "mail", "iban", "password", "coated"])
    if kind == "card":
        secret = _card(r)
        return secret, f"charge it to my card {secret} please"
    if kind == "key":
        secret = "sk-proj-" + _letters(r, 48)
        return secret, f"my key is {secret} and it does not work"
    if kind == "mail":
        secret = f"{_letters(r, 6).lower()}.{_letters(r, 8).lower()}@mail.example.org"
        return secret, f"write to {secret} about it"
    if kind == "iban":
        secret = _iban(r)
        return secret, f"transfer it to {secret} by Friday"
    if kind == "password":
        secret = _letters(r, 7) + "!7Xq"
        return secret, f"my password is: {secret}"
    secret = _card(r)
    return secret, "decode this: " + base64.b64encode(f"the number of the card is {secret} and no other".encode()).decode()


class Requests:
    """Draws who asks what: each from a seed of its own, so that it is the same whenever it comes. Each text has a mark: one of those
    that must stay, or of those that may go."""

    def __init__(self, seed: int, shrink: int) -> None:
        self.seed = seed
        self.trace = Trace()
        self.pauses = random.Random(seed)
        self.shrink = shrink
        letters = random.Random(f"{seed} marks")
        word = "".join(letters.choice("bcdfghjklmnpqrstvwxz") for _ in range(9))
        self.marks = {"stays": f"kzvnear{word}", "may": f"kzvfara{word}"}
        self.count = 0
        self.wanted: list[str] = []

    def begin(self) -> None:
        """The day begins: its first requests are one of each kind that must stay, for on slow nodes it may have but few."""
        self.wanted = ["tenant", "label", "secret"]

    def pause(self) -> float:
        return self.trace.pause(self.pauses)

    def next(self) -> Request:
        self.count += 1
        r = random.Random(f"{self.seed} request {self.count}")
        prompt, answer = (max(1, length // self.shrink) for length in self.trace.length(r))
        tenant = r.choices([name for name, *_ in TENANTS], [share for _, share, *_ in TENANTS])[0]
        draw = r.random()
        kind = "tenant" if tenant == "clinic" else "secret" if draw < SECRETS_SHARE else "label" if draw < SECRETS_SHARE + LABEL_SHARE else "may"
        if self.wanted:
            kind = self.wanted.pop()
            tenant = "clinic" if kind == "tenant" else r.choice([name for name, *_ in TENANTS if name != "clinic"])
        mark = f"{self.marks['may' if kind == 'may' else 'stays']}{self.count:08x}"
        # The mark stands there plain and in a coating, and again at the end.
        words = [r.choice(_WORDS) for _ in range(prompt)]
        said = [mark, r.choice(list(coatings(mark).values()))]
        secrets = []
        if kind == "secret" or (kind == "tenant" and r.random() < 0.3):
            secret, sentence = _secret(r)
            secrets = [secret]
            said.append(sentence)
        words[len(words) // 2 : len(words) // 2] = said
        return Request(self.count, tenant, kind, " ".join([*words, mark]), answer, secrets)
