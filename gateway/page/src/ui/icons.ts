import { html, svg, type TemplateResult } from "lit";

const PATHS = {
  chat: svg`<path d="M4 5.5h16v10.5H9.5L5 20v-4H4z"/>`,
  fleet: svg`<rect x="3.5" y="4" width="17" height="6.5" rx="1.5"/><rect x="3.5" y="13.5" width="17" height="6.5" rx="1.5"/><path d="M7 7.25h.01M7 16.75h.01M11 7.25h6M11 16.75h6"/>`,
  policy: svg`<path d="M12 3l7.5 3v5.5c0 4.6-3.1 8-7.5 9.5-4.400-1.500-7.500-4.900-7.500-9.500V6z"/><path d="M8.800 12l2.300 2.300 4.200-4.500"/>`,
  keys: svg`<circle cx="8" cy="15.500" r="4.500"/><path d="M11.300 12.200L20 3.500M16.500 7l2.800 2.800M13.700 9.800l1.800 1.800"/>`,
  send: svg`<path d="M12 19.500V5M5.500 11.500L12 5l6.500 6.500"/>`,
  stop: svg`<rect x="7" y="7" width="10" height="10" rx="1.500" fill="currentColor"/>`,
  plus: svg`<path d="M12 5v14M5 12h14"/>`,
  copy: svg`<rect x="8.500" y="8.500" width="11" height="11" rx="2"/><path d="M15.500 5.500V5a1.500 1.500 0 0 0-1.500-1.500H6A2 2 0 0 0 4 5.500V14a1.500 1.500 0 0 0 1.500 1.500"/>`,
  again: svg`<path d="M19.500 12a7.500 7.500 0 1 1-2.200-5.300M19.500 4v4.500H15"/>`,
  edit: svg`<path d="M4.500 19.500l1-4L16 5l3 3L8.500 18.500zM14 7l3 3"/>`,
  trash: svg`<path d="M4.500 7h15M9.500 7V4.500h5V7M6.500 7l1 13h9l1-13M10 11v5.500M14 11v5.500"/>`,
  close: svg`<path d="M6 6l12 12M18 6L6 18"/>`,
  menu: svg`<path d="M4 7h16M4 12h16M4 17h16"/>`,
  settings: svg`<path d="M4 8h9M17 8h3M4 16h3M11 16h9"/><circle cx="15" cy="8" r="2.200"/><circle cx="9" cy="16" r="2.200"/>`,
  receipt: svg`<path d="M6 3.500h12V20.500l-2-1.500-2 1.500-2-1.500-2 1.500-2-1.500-2 1.500z"/><path d="M9 8h6M9 12h6"/>`,
  why: svg`<circle cx="12" cy="12" r="8.500"/><path d="M9.700 9.500a2.400 2.400 0 1 1 3.300 2.200c-.7.300-1 .8-1 1.600v.4M12 16.500h.01"/>`,
  moon: svg`<path d="M19.500 14A8 8 0 0 1 10 4.500a8 8 0 1 0 9.500 9.500z"/>`,
  sun: svg`<circle cx="12" cy="12" r="4"/><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600L7 7M17 17l1.400 1.400M5.600 18.400L7 17M17 7l1.400-1.400"/>`,
  auto: svg`<circle cx="12" cy="12" r="8.500"/><path d="M12 3.500v17a8.500 8.500 0 0 0 0-17z" fill="currentColor"/>`,
  check: svg`<path d="M5 12.500l4.500 4.500L19 7.500"/>`,
  warn: svg`<path d="M12 4L2.800 19.500h18.400zM12 10v4.500M12 17h.01"/>`,
  move: svg`<path d="M4 8h13l-3.500-3.500M20 16H7l3.500 3.500"/>`,
  fence: svg`<circle cx="12" cy="12" r="8.500"/><circle cx="12" cy="12" r="3.500"/>`,
  down: svg`<path d="M6 9.500l6 6 6-6"/>`,
} as const;

export type IconName = keyof typeof PATHS;

/** A drawing beside a text or a label that says the same. */
export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${PATHS[name]}</svg>`;
}

export const logo = html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
  <rect class="logo-ground" width="32" height="32" rx="8" />
  <path class="logo-ring" d="M16 6.2a9.8 9.8 0 1 0 9.8 9.8" /><path class="logo-ring inner" d="M16 11.4a4.6 4.6 0 1 0 4.6 4.6" />
  <circle class="logo-dot" cx="23.2" cy="8.8" r="2.400" />
</svg>`;
