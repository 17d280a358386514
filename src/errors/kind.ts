/**
 * Names what came without showing it: `null`, `array`, `Map`, `string`. Content stays out of
 * messages.
 */
export function kindOf(value: unknown): string {
  if (typeof value !== 'object') return typeof value
  if (value === null) return 'null'
  return Object.prototype.toString.call(value).slice(8, -1)
}
