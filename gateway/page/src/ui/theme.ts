const STORED = "ringfence.theme";
const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export function theme(): Theme {
  const stored = localStorage.getItem(STORED);
  return THEMES.includes(stored as Theme) ? (stored as Theme) : "auto";
}

export function applyTheme(): void {
  document.documentElement.dataset["theme"] = theme();
}

export function nextTheme(): Theme {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length] ?? "auto";
  localStorage.setItem(STORED, next);
  applyTheme();
  return next;
}
