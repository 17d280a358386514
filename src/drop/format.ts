import { filled, type DropMessages, type Plural } from './messages/messages.js'

/** Writes numbers, sizes and times in the language of a page. */
export interface Formats {
  readonly size: (bytes: number) => string
  readonly speed: (bytesPerSecond: number) => string
  readonly duration: (seconds: number) => string
  readonly percent: (share: number) => string
  readonly plural: (texts: Plural, count: number) => string
}

/** Tables of texts by language, such as `de` or `pt-BR`. */
export type Languages = Readonly<Record<string, DropMessages>>

/** A table of texts, and how numbers are written beside them. */
export interface Language {
  readonly tag: string
  readonly texts: DropMessages
  readonly formats: Formats
}

const sizes = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** The unit in which a number of bytes has one to three digits before the point. */
function unitOf(bytes: number): readonly [value: number, unit: (typeof sizes)[number]] {
  const power = sizes.filter((_, i) => i > 0 && bytes >= 999.5 * 1000 ** (i - 1)).length
  return [bytes / 1000 ** power, sizes[power] ?? 'byte']
}

/** @param tag - a language that `Intl` takes */
export function formatsOf(tag: string): Formats {
  const count = new Intl.NumberFormat(tag)
  const rules = new Intl.PluralRules(tag)
  const percents = new Intl.NumberFormat(tag, { style: 'percent' })
  /** Each is made once: making one takes longer than writing a thousand numbers. */
  const made = new Map<string, Intl.NumberFormat>()
  const inUnit = (value: number, unit: string, digits = 0, display: 'short' | 'long' = 'short') => {
    const name = unit + digits + display
    const format =
      made.get(name) ??
      new Intl.NumberFormat(tag, {
        style: 'unit',
        unit,
        unitDisplay: display,
        maximumFractionDigits: digits,
      })
    made.set(name, format)
    return format.format(value)
  }
  return {
    size(bytes) {
      const [value, unit] = unitOf(bytes)
      return unit === 'byte'
        ? inUnit(value, unit, 0, 'long')
        : inUnit(value, unit, value < 99.5 ? 1 : 0)
    },
    speed(rate) {
      const [value, unit] = unitOf(Math.max(rate, 1000))
      return inUnit(value, `${unit}-per-second`, value < 9.95 ? 1 : 0)
    },
    duration(seconds) {
      if (seconds < 59.5) return inUnit(Math.ceil(seconds), 'second')
      if (seconds < 3570) return inUnit(Math.ceil(seconds / 60), 'minute')
      return inUnit(seconds / 3600, 'hour', 1)
    },
    // 100 % only when it is over
    percent: (share) => percents.format(Math.floor(share * 100) / 100),
    plural: (texts, n) => filled(texts[rules.select(n)] ?? texts.other, { count: count.format(n) }),
  }
}

/**
 * The language of a page, or English where no table has it.
 *
 * @param wanted - what `lang` says, such as `de-AT`
 */
export function languageOf(wanted: string, tables: Languages): Language {
  const lower = wanted.toLowerCase()
  const has = (tag: string): string | undefined =>
    Object.keys(tables).find((name) => name.toLowerCase() === tag)
  const name = has(lower) ?? has(lower.split('-')[0] ?? '') ?? 'en'
  // numbers of de-AT beside the words of de, but no numbers of fr beside English words
  const sameWords = lower.split('-')[0] === name.toLowerCase().split('-')[0]
  const tag = sameWords && isTag(wanted) ? wanted : name
  return { tag, texts: tables[name] as DropMessages, formats: formatsOf(tag) }
}

function isTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}
