// How dense the lines are: tokens a line, long lines, long files.
import jsTokens from 'js-tokens'

const silent = new Set([
  'WhiteSpace',
  'LineTerminatorSequence',
  'SingleLineComment',
  'MultiLineComment',
  'HashbangComment',
])
const literal = new Set([
  'StringLiteral',
  'NoSubstitutionTemplate',
  'TemplateHead',
  'TemplateMiddle',
  'TemplateTail',
  'RegularExpressionLiteral',
])

/** Tokens of each line that has one, comments apart. */
function tokensOf(text) {
  const lines = new Map()
  let line = 1
  for (const { type, value } of jsTokens(text)) {
    if (!silent.has(type)) lines.set(line, (lines.get(line) ?? 0) + 1)
    line += value.split('\n').length - 1
  }
  return [...lines.values()]
}

/** Columns of each line that literals take. */
function literalColumns(text) {
  const columns = new Map()
  let line = 1
  for (const { type, value } of jsTokens(text)) {
    const parts = value.split('\n')
    if (literal.has(type)) {
      parts.forEach((part, index) => {
        columns.set(line + index, (columns.get(line + index) ?? 0) + part.length)
      })
    }
    line += parts.length - 1
  }
  return columns
}

/** Mean and 90th percentile of tokens a line. */
export function density(files) {
  const counts = files.flatMap(({ text }) => tokensOf(text)).sort((a, b) => a - b)
  const sum = counts.reduce((total, count) => total + count, 0)
  return `${(sum / counts.length).toFixed(1)}, ${counts[Math.floor(counts.length * 0.9)]}`
}

/**
 * Lines over a width. `code` counts those that are too long without their literals, and `literals`
 * the others.
 */
export function longLines(files, width) {
  let code = 0
  let literals = 0
  for (const { text } of files) {
    const columns = literalColumns(text)
    text.split('\n').forEach((line, index) => {
      if (line.length <= width) return
      if (line.length - (columns.get(index + 1) ?? 0) > width) code += 1
      else if (columns.has(index + 1)) literals += 1
      else code += 1
    })
  }
  return { code, literals }
}

export const longFiles = (files, lines) =>
  files.filter(({ text }) => text.split('\n').length - 1 > lines).length
