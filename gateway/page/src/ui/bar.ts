import { html, svg, type TemplateResult } from "lit";

/** How much of something is used; the text beside it says the same in numbers. */
export function bar(share: number, label: string): TemplateResult {
  const width = Math.round(Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0)) * 1000) / 10;
  const level = width >= 90 ? "high" : width >= 70 ? "middle" : "low";
  return html`<svg class="meter ${level}" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label=${label}><rect class="ground" width="100" height="6" rx="3" />${svg`<rect class="used" width=${width} height="6" rx="3" />`}</svg>`;
}
