// XML as S3 writes and reads it: elements and text, and nothing else of XML.
import { S3Fault } from './fault.mjs'

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** An array is an element that is repeated, and what is undefined is left out. */
function element(name, value) {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.map((one) => element(name, one)).join('')
  const inner = typeof value === 'object' ? members(value) : escaped(String(value))
  return `<${name}>${inner}</${name}>`
}
const members = (value) =>
  Object.entries(value)
    .map(([name, member]) => element(name, member))
    .join('')

/** A document of S3: its root has S3's namespace, but that of an error has none. */
export function writeXml(name, value) {
  const space = name === 'Error' ? '' : ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${space}>${members(value)}</${name}>`
}

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const token =
  /<(\/?)([A-Za-z][\w.-]*)(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(\/?)>|([^<]+)/gy

/** @param {string} text */
function unescaped(text) {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w+));|&/g, (_, number, hex, name) => {
    const code = number ? Number(number) : Number.parseInt(hex, 16)
    if (code <= 0x10ffff) return String.fromCodePoint(code)
    if (Object.hasOwn(entities, name ?? '')) return entities[name]
    throw new S3Fault('MalformedXML')
  })
}

/**
 * An element that was read.
 *
 * @typedef {{ name: string, text: string, children: Element[] }} Element
 */

/**
 * Reads a document, and answers its root.
 *
 * @returns {Element}
 */
export function readXml(document) {
  const text = document.replace(/^\uFEFF?\s*<\?xml[^>]*\?>/, '')
  /** @type {Element} */
  const top = { name: '', text: '', children: [] }
  const open = [top]
  token.lastIndex = 0
  for (let at = 0; at < text.length; at = token.lastIndex) {
    const [, closes, name, empty, words] = token.exec(text) ?? wrong()
    const last = open.at(-1) ?? wrong()
    if (words !== undefined) last.text += unescaped(words)
    else if (closes) {
      if (open.pop()?.name !== name) wrong()
    } else {
      /** @type {Element} */
      const child = { name, text: '', children: [] }
      last.children.push(child)
      if (!empty) open.push(child)
    }
    if (open.length > 16) wrong()
  }
  const [root] = top.children
  return open.length === 1 && top.children.length === 1 && root ? root : wrong()
}

/** @returns {never} */
function wrong() {
  throw new S3Fault('MalformedXML')
}

/** The elements of this name within one. */
export const all = ({ children }, wanted) => children.filter(({ name }) => name === wanted)

/** The text of the first element of this name; undefined where there is none. */
export const textOf = (parent, wanted) => all(parent, wanted)[0]?.text.trim()
