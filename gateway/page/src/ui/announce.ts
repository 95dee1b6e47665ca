/** Tells a screen reader what changed without moving the focus. */
export function announce(text: string): void {
  const region = document.getElementById("announcements");
  if (region !== null) region.textContent = text;
}
