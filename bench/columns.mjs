/**
 * One line of a table. A width is a number of characters. Below 0 the column begins at the left, as
 * in printf.
 */
export const columns = (widths, cells) =>
  cells
    .map((cell, i) =>
      widths[i] < 0 ? String(cell).padEnd(-widths[i]) : String(cell).padStart(widths[i]),
    )
    .join('')

/** A number as a cell of a table, or a dash where there is none. */
export const number = (value, digits = 0) =>
  value === undefined || Number.isNaN(value) ? '-' : value.toFixed(digits)
