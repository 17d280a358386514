/** Tells an observer; one that throws changes nothing. */
export function tell<Event>(observer: ((event: Event) => void) | undefined, event: Event): void {
  try {
    observer?.(event)
  } catch {
    /* theirs */
  }
}
