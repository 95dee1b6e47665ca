import { html, nothing, type TemplateResult } from "lit";
import type { BudgetView } from "../api/overview.js";
import { bar } from "../ui/bar.js";
import { count } from "../ui/numbers.js";

/** `4.50`: billionths of the policy's currency. */
export function money(nanos: number): string {
  return (nanos / 1e9).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 4 });
}

/** `until 14:05`, or with the day where that is not today. */
export function until(end: number, now: number): string {
  const moment = new Date(end);
  const today = moment.toDateString() === new Date(now).toDateString();
  return `until ${moment.toLocaleString([], today ? { hour: "2-digit", minute: "2-digit", hour12: false } : { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false })}`;
}

/** What was used in a window, of how much. */
export function budget(view: BudgetView): TemplateResult {
  return html`<tr>
    <th scope="row">this ${view.window}<small class="muted">${until(view.end_millis, Date.now())}</small></th>
    <td>${amount("requests", view.requests_used, view.requests_limit, count)}</td>
    <td>${amount("tokens", view.tokens_used, view.tokens_limit, count)}</td>
    <td>${amount("money", view.money_nanos_used, view.money_nanos_limit, money)}</td>
  </tr>`;
}

function amount(what: string, used: number, limit: number | undefined, shown: (number: number) => string): TemplateResult {
  return html`<span class="amount">${shown(used)}${limit === undefined ? nothing : html`<span class="muted"> of ${shown(limit)}</span>`}</span>${limit === undefined ? nothing : bar(limit === 0 ? 1 : used / limit, `${shown(used)} of ${shown(limit)} ${what}`)}`;
}
