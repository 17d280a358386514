const hidden = /[\p{C}\p{Zl}\p{Zp}]/gu

/**
 * Text that may go into a terminal or a log, whatever it came with.
 *
 * A terminal obeys control characters, a line end forges a line of a log, and some characters turn
 * the direction of writing. All that cannot be seen becomes `?`.
 */
export const printable = (text: string): string => text.replace(hidden, '?')

/** The same with what cannot be seen written in another way. */
export const withHidden = (text: string, as: (found: string) => string): string =>
  text.replace(hidden, as)
