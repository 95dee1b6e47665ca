"""What is shown after the day: that disturbed answers are what they would have been, that receipts tell what left, that nothing leaked."""

import asyncio
import dataclasses
import re
import subprocess

from client import Answer, Refused
from marks import forms
from processes import jar
from taps import Heard

MOST_AT_ONCE = 8


@dataclasses.dataclass
class Found:
    """Counts, and sentences on what is wrong."""

    lost: int = 0
    resumed: int = 0
    compared: int = 0
    differing: int = 0
    leaked: int = 0
    bytes_searched: dict[str, int] = dataclasses.field(default_factory=dict)
    needles: int = 0
    receipts_of_kept: int = 0
    receipts_of_travelled: int = 0
    ledger: str = ""
    spent: dict[str, float] = dataclasses.field(default_factory=dict)
    wrong: list[str] = dataclasses.field(default_factory=list)


async def of(day) -> Found:
    found = Found(lost=day.lost, resumed=day.resumed)
    await _compare(day, found)
    await _receipts(day, found)
    await _budgets(day, found)
    _ledger(day, found)
    await asyncio.to_thread(_search, day, found)
    _judge(day, found)
    return found


async def _compare(day, found: Found) -> None:
    """Each answer that moved, or whose node was killed or drained under it, is asked again with the same seed."""
    disturbed = [one for one in day.asked if one.completed and one.answer.zone != "external"]
    touched = {id(one) for ones in day.disturbed.values() for one in ones}
    disturbed = [one for one in disturbed if one.answer.moves or id(one) in touched]
    gate = asyncio.Semaphore(MOST_AT_ONCE)

    async def again(one) -> None:
        async with gate:
            fresh = Answer()
            headers = one.request.headers(day.stack.keys[one.request.tenant]) | {"Ringfence-Zone": "site", "Ringfence-Max-Wait-Ms": "60000"}
            try:
                async with asyncio.timeout(120):
                    await day.gateway.ask(headers, one.request.body(day.stack.model), fresh)
            except (OSError, ValueError, Refused, TimeoutError) as broken:
                found.wrong.append(f"request {one.request.number} was not answered when it was asked again: {broken}")
                return
            found.compared += 1
            if fresh.text != one.answer.text:
                found.differing += 1
                at = next((i for i, (a, b) in enumerate(zip(fresh.text, one.answer.text)) if a != b), min(len(fresh.text), len(one.answer.text)))
                found.wrong.append(f"the answer to request {one.request.number} differs from an undisturbed one from character {at} on")

    await asyncio.gather(*(again(one) for one in disturbed))


async def _receipts(day, found: Found) -> None:
    """What stays has no receipt of a departure, what has travelled has one for its zone."""
    gate = asyncio.Semaphore(MOST_AT_ONCE)

    async def look(one) -> None:
        async with gate:
            status, receipt = await day.gateway.json(f"/v1/receipts/{one.answer.identity}", day.stack.keys[one.request.tenant])
        records = receipt.get("records", []) if status == 200 else []
        if status not in (200, 404):
            found.wrong.append(f"the receipt of request {one.request.number} can't be read: {status}")
        elif one.request.stays:
            found.receipts_of_kept += 1
            if records:
                found.leaked += 1
                found.wrong.append(f"request {one.request.number} had to stay ({one.request.kind}) and has a receipt of leaving for {records[0]['target']}")
        elif one.answer.zone != "site":
            found.receipts_of_travelled += 1
            if not any(record["zone"] == one.answer.zone for record in records):
                found.wrong.append(f"request {one.request.number} was answered in zone {one.answer.zone} and has no receipt of it")

    await asyncio.gather(*(look(one) for one in day.asked if one.completed and (one.request.stays or one.answer.zone != "site")))


async def _budgets(day, found: Found) -> None:
    status, policy = await day.gateway.json("/page/api/policy", day.stack.keys["operators"])
    if status != 200:
        found.wrong.append(f"the policy can't be read: {status}")
        return
    for tenant in policy["tenants"]:
        for budget in tenant["budgets"]:
            found.spent[tenant["name"]] = budget["money_nanos_used"] / 1e9


def _ledger(day, found: Found) -> None:
    stack = day.stack.stack
    done = subprocess.run([stack.java, "-jar", jar("router"), "ledger", "verify", str(stack.folder / "ledger")], capture_output=True, text=True, timeout=120)
    found.ledger = " ".join((done.stdout + done.stderr).split("\n")[0].split())
    if done.returncode:
        found.wrong.append(f"the ledger does not verify: {done.stdout}{done.stderr}")


def _search(day, found: Found) -> None:
    """Every byte that the endpoint outside and the datacenter's node heard, for the marks of what must stay and for each secret, in all forms."""
    needles = [(f"the mark of what must stay, {form}", needle) for form, needle in forms(day.requests.marks["stays"]).items()]
    secrets = {secret for one in (*day.asked, *day.warm) for secret in one.request.secrets}
    for secret in secrets:
        for text in {secret, re.sub(r"\s", "", secret)}:
            needles += [(f"a secret, {form}", needle) for form, needle in forms(text).items()]
    found.needles = len(needles)
    Heard.look_at_all()
    for place, path in day.stack.remaining_heard().items():
        data = path.read_bytes().lower()
        found.bytes_searched[place] = len(data)
        for what, needle in needles:
            if needle in data:
                found.leaked += 1
                found.wrong.append(f"{what}, was heard by {place}")
        if not any(needle in data for needle in forms(day.requests.marks["may"]).values()):
            found.wrong.append(f"not even texts that may go there were seen at {place}: the search proves nothing")
    found.leaked = max(found.leaked, day.leaked())


def _judge(day, found: Found) -> None:
    kept = [one for one in day.asked if one.completed and one.request.stays]
    for one in kept:
        if one.answer.zone not in ("site", "device"):
            found.leaked += 1
            found.wrong.append(f"request {one.request.number} had to stay ({one.request.kind}) and was answered in zone {one.answer.zone}")
    if found.lost:
        found.wrong.append(f"{found.lost} answers were lost")
    for zone in ("datacenter", "external"):
        if not day.answered(zone):
            found.wrong.append(f"nothing overflowed to the zone {zone}")
    for kind in ("tenant", "label", "secret"):
        if not any(one.request.kind == kind for one in kept):
            found.wrong.append(f"nothing was kept because of its {kind}")
    moved = {why: [one for one in ones if one.answer.moves] for why, ones in day.disturbed.items()}
    if not moved["killed"]:
        found.wrong.append("no answer went on elsewhere after its node was killed")
    if not found.compared:
        found.wrong.append("no answer that was disturbed could be compared")
