"""The day's table."""

import collections

import plan

ZONES = ("site", "datacenter", "external")


def _percentiles(seconds: list[float]) -> list[str]:
    if not seconds:
        return ["-"] * 4
    ordered = sorted(seconds)
    at = [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.9, 0.99)] + [ordered[-1]]
    return [f"{value * 1000:.0f} ms" if value < 10 else f"{value:.1f} s" for value in at]


def _rows(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    made = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    return [made[0], "| " + " | ".join("-" * width for width in widths) + " |", *made[1:]]


def of(day, found) -> str:
    completed = [one for one in day.asked if one.completed]
    lines = ["", f"{len(day.asked)} requests in a day of {day.options.minutes:g} minutes, seed {day.options.seed}; lengths and pauses as in Azure's LLM inference trace 2023 (conversation)", ""]

    by_tenant = collections.Counter((one.request.tenant, one.answer.zone) for one in completed)
    rows = [["answered in zone", *ZONES, "all", "farthest zone", "spent"]]
    for tenant, _, farthest, _ in plan.TENANTS:
        counts = [by_tenant[tenant, zone] for zone in ZONES]
        rows.append([tenant, *map(str, counts), str(sum(counts)), farthest, f"{found.spent.get(tenant, 0):.4f} of 20"])
    totals = [sum(by_tenant[tenant, zone] for tenant, *_ in plan.TENANTS) for zone in ZONES]
    rows.append(["all", *map(str, totals), str(sum(totals)), "", f"{sum(found.spent.values()):.4f}"])
    lines += _rows(rows)

    rows = [["", "p50", "p90", "p99", "most"]]
    for zone in ZONES:
        rows.append([f"to the first token, {zone}", *_percentiles([one.answer.first - one.began for one in completed if one.answer.zone == zone and one.answer.first])])
    travelling = [one.answer.first - one.began for one in completed if one.answer.first and not one.request.stays]
    staying = [one.answer.first - one.began for one in completed if one.answer.first and one.request.stays]
    rows.append(["to the first token, may travel", *_percentiles(travelling)])
    rows.append(["to the first token, must stay", *_percentiles(staying)])
    rows.append(["between two pieces of an answer", *_percentiles([gap for one in completed for gap in one.answer.gaps])])
    rows.append(["longest pause of an answer that moved", *_percentiles([max(one.answer.gaps, default=0) for one in completed if one.answer.moves])])
    lines += ["", *_rows(rows)]

    kinds = collections.Counter(one.request.kind for one in completed if one.request.stays)
    killed = day.disturbed["killed"]
    drained = day.disturbed["drained"]
    searched = " and ".join(f"{size / 1e6:.2f} MB heard by {place}" for place, size in found.bytes_searched.items())
    rows = [
        ["", "", ""],
        ["overflowed", str(day.overflowed), "answered in the datacenter or outside because the site could not in time"],
        ["kept", str(sum(kinds.values())), f"for their tenant {kinds['tenant']}, their label {kinds['label']}, a secret in the text {kinds['secret']}; {found.receipts_of_kept} receipts asked for, none of a departure" if not found.leaked else "SEE BELOW"],
        ["resumed", str(found.resumed), f"of {len(killed)} answers under the killed node {sum(1 for one in killed if one.answer.moves)} moved, of {len(drained)} under the drained one {sum(1 for one in drained if one.answer.moves)}"],
        ["differing", str(found.differing), f"of {found.compared} disturbed answers that were asked again undisturbed"],
        ["asked again", str(sum(one.tries - 1 for one in day.asked)), "times, for want of room"],
        ["left with a receipt", str(found.receipts_of_travelled), found.ledger],
        ["lost", str(found.lost), f"of {len(day.asked)}"],
        ["leaked", str(found.leaked), f"{found.needles} marks and secrets looked for in {searched}"],
    ]
    lines += ["", *_rows(rows)]
    if found.wrong:
        lines += ["", "WRONG:", *(f"  - {sentence}" for sentence in found.wrong[:20])]
        if len(found.wrong) > 20:
            lines.append(f"  - and {len(found.wrong) - 20} more")
    return "\n".join(lines)


def verdict(found) -> int:
    """The exit status."""
    return 1 if found.wrong or found.lost or found.leaked or found.differing or not found.resumed else 0
