// The options of every verb, as contract.d.ts beside the tests of types has them: their names, and
// what is said of each. By its rule a parameter that is options is named `o`.

const opening = '([{<'
const closing = ')]}>'

/** Splits at a separator that stands in no brackets. The arrow of a function closes nothing. */
function split(text, separator) {
  const parts = ['']
  let depth = 0
  const plain = text.replaceAll('=>', '\u0001')
  for (const letter of plain) {
    if (opening.includes(letter)) depth++
    if (closing.includes(letter)) depth--
    if (letter === separator && depth === 0) parts.push('')
    else parts[parts.length - 1] += letter
  }
  return parts.map((part) => part.replaceAll('\u0001', '=>').trim()).filter((part) => part !== '')
}

/** What stands between the bracket at a place and the one that closes it. */
function within(text, at) {
  let depth = 0
  const plain = text.replaceAll('=>', '..') // as long as it was
  for (let i = at; i < plain.length; i++) {
    if (opening.includes(plain[i])) depth++
    if (closing.includes(plain[i])) depth--
    if (depth === 0) return text.slice(at + 1, i)
  }
  throw new Error(`no end: ${text.slice(at, at + 60)}`)
}

const isIn = (text, first, last) => text.startsWith(first) && text.endsWith(last)

/** Interfaces and aliases by name, in a text without comments. */
function typesOf(text) {
  const types = new Map()
  for (const { 1: name, 2: bases, index } of text.matchAll(
    /interface (\w+)(?:<[^>]*>)?(?: extends ([^{]+))? \{/g,
  )) {
    const body = within(text, text.indexOf('{', index))
    types.set(name, [`{${body}}`, ...(bases ? split(bases, ',') : [])].join(' & '))
  }
  for (const { 1: name, 2: type } of text.matchAll(/^ *type (\w+) = (.+)$/gm)) types.set(name, type)
  return types
}

/** The members of a type, and the type of each, as texts. */
function membersOf(type, types) {
  const text = type.replace(/^readonly /, '').replace(/\[\]$/, '')
  for (const separator of '&|') {
    const parts = split(text, separator)
    if (parts.length > 1) return new Map(parts.flatMap((part) => [...membersOf(part, types)]))
  }
  if (isIn(text, '(', ')')) return membersOf(text.slice(1, -1), types)
  if (isIn(text, '{', '}'))
    return new Map(
      split(text.slice(1, -1), ';').flatMap((member) => {
        const [, name, value] = /^(\w+)\??: (.+)$/s.exec(member) ?? []
        return name === undefined ? [] : [[name, value]]
      }),
    )
  const [, kept, of, names] = /^(Pick|Omit)<(\w+), (.+)>$/.exec(text) ?? []
  if (kept !== undefined)
    return new Map(
      [...membersOf(of, types)].filter(
        ([name]) => names.includes(`'${name}'`) === (kept === 'Pick'),
      ),
    )
  return types.has(text) ? membersOf(types.get(text), types) : new Map()
}

/** The verbs in a text, and for each what its options have; `name` is `Opener.open` of a method. */
function verbsIn(text, types) {
  const verbs = []
  const look = (source, prefix) => {
    for (const { 1: name, index } of source.matchAll(
      /(?<=function |\{ ?|; ?|\n *)(\w+)(?:<[^(]*>)?\(/g,
    )) {
      const parameters = within(source, source.indexOf('(', index + name.length - 1))
      for (const parameter of split(parameters, ',')) {
        const [, o] = /^o\??: (.+)$/s.exec(parameter) ?? []
        if (o !== undefined) verbs.push({ name: prefix + name, options: membersOf(o, types) })
      }
    }
  }
  const functions = text.match(/^ *function .+$/gm) ?? []
  look(functions.join('\n'), '')
  for (const { 1: name, index } of text.matchAll(/interface (\w+)[^{]*\{/g))
    look(`{${within(text, text.indexOf('{', index)).replaceAll('\n', ';\n')}}`, `${name}.`)
  return verbs
}

/** `{ name, options }` of every verb that takes options. */
export function verbsWithOptions(contract) {
  const text = contract.replace(/ *\/\/.*$/gm, '')
  return verbsIn(text, typesOf(text))
}
