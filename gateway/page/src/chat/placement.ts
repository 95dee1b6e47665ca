import { isZone, type Zone } from "../api/zones.js";

/** Where an attempt ran, and what decided. */
export interface PlacedAt {
  readonly attempt: number;
  readonly zone: Zone | null;
  readonly node: string;
  readonly reason: string;
}

/** One target that was looked at. */
export interface Considered {
  readonly target: string;
  readonly zone: Zone | null;
  readonly chosen: boolean;
  readonly decidedBy: string;
  readonly why: string;
  readonly predictedMillis: number | null;
}

/** `zone=site; node=node-1; reason=finish-time`, as the header Ringfence-Placement and the stream's comments have it. */
export function parsePlacement(text: string | null, attempt: string | null): PlacedAt | null {
  if (text === null) return null;
  const fields = new Map(
    text.split(";").map((field): [string, string] => {
      const at = field.indexOf("=");
      return [field.slice(0, Math.max(0, at)).trim(), field.slice(at + 1).trim()];
    }),
  );
  const node = fields.get("node");
  if (node === undefined || node === "") return null;
  const zone = fields.get("zone");
  const number = Number(attempt ?? fields.get("attempt") ?? 1);
  return { attempt: Number.isSafeInteger(number) ? number : 1, zone: isZone(zone) ? zone : null, node, reason: fields.get("reason") ?? "" };
}

/** The header Ringfence-Explain; empty where it can't be read. */
export function parseExplanation(text: string | null): readonly Considered[] {
  if (text === null) return [];
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(entries)) return [];
  return entries.slice(0, 64).flatMap((entry: unknown) => {
    const { target, zone, chosen, decided_by, why, predicted_ms } = (entry ?? {}) as Record<string, unknown>;
    if (typeof target !== "string") return [];
    return [
      {
        target,
        zone: isZone(zone as string) ? (zone as Zone) : null,
        chosen: chosen === true,
        decidedBy: typeof decided_by === "string" ? decided_by : "",
        why: typeof why === "string" ? why : "",
        predictedMillis: typeof predicted_ms === "number" ? predicted_ms : null,
      },
    ];
  });
}
