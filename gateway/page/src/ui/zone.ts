import { html, type TemplateResult } from "lit";
import { ZONE_MEANING, type Zone } from "../api/zones.js";

/** A zone's name in its colour. */
export function zoneBadge(zone: Zone | null): TemplateResult {
  return zone === null ? html`<span class="zone unknown">zone unknown</span>` : html`<span class="zone ${zone}" title=${`Zone ${zone}: ${ZONE_MEANING[zone]}`}>${zone}</span>`;
}
