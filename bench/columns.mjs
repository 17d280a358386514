/**
 * One line of a table. A width is a number of characters, below 0 for a column that begins at the
 * left, as printf has it.
 */
export const columns = (widths, cells) =>
  cells
    .map((cell, i) =>
      widths[i] < 0 ? String(cell).padEnd(-widths[i]) : String(cell).padStart(widths[i]),
    )
    .join('')

/** A number as a cell of a table; what there is not is a dash. */
export const number = (value, digits = 0) =>
  value === undefined || Number.isNaN(value) ? '-' : value.toFixed(digits)
