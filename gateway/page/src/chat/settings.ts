import { isZone, type Zone } from "../api/zones.js";

/** What the next question is sent with; kept by the browser. */
export interface Settings {
  model: string;
  farthest: Zone;
  system: string;
  temperature: number | null;
  maxTokens: number | null;
}

const STORED = "ringfence.chat";

export function readSettings(): Settings {
  const settings: Settings = { model: "", farthest: "site", system: "", temperature: null, maxTokens: null };
  let stored: Record<string, unknown>;
  try {
    stored = JSON.parse(localStorage.getItem(STORED) ?? "{}") as Record<string, unknown>;
  } catch {
    return settings;
  }
  if (typeof stored["model"] === "string") settings.model = stored["model"];
  if (isZone(stored["farthest"] as string)) settings.farthest = stored["farthest"] as Zone;
  if (typeof stored["system"] === "string") settings.system = stored["system"];
  settings.temperature = numberWithin(stored["temperature"], 0, 2);
  settings.maxTokens = numberWithin(stored["maxTokens"], 1, 1_000_000);
  return settings;
}

export function writeSettings(settings: Settings): void {
  localStorage.setItem(STORED, JSON.stringify(settings));
}

/** The number, where it is one within the bounds. */
export function numberWithin(value: unknown, least: number, most: number): number | null {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && number >= least && number <= most ? number : null;
}
