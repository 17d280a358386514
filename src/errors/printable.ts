/**
 * Text that may go into a terminal or a log, whatever it came with.
 *
 * A terminal obeys control characters, a line end forges a line of a log, and some characters turn
 * the direction of writing. All that cannot be seen becomes `?`.
 *
 * @param as - writes what cannot be seen in another way
 */
export const printable = (text: string, as: (found: string) => string = () => '?'): string =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, as)
