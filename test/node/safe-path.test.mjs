// safePath of sealdrop/fs: what a sender calls a file stays within a folder on every system.
import test from 'node:test'
import { posix, win32 } from 'node:path'
import { assert } from 'chai'
import { safePath } from 'sealdrop/fs'
import { fails } from '../support/host.js'
import { wrong } from '../support/types.mjs'

const safe = [
  'a',
  'claim.pdf',
  'photos/2026/a.jpg',
  '.gitignore',
  '.config/x',
  '..a/...b',
  'résumé 1.pdf',
  ' a',
  '写真/😀.png',
  'שלום.txt',
  'CONTRACT.pdf',
  'console/aux1/com.txt',
  'com10',
  'lpt',
  'null',
  '~/a',
  '-rf',
  'what?.txt',
  'n'.repeat(255),
  `${'é'.repeat(127)}/${'n'.repeat(255)}`,
]

/** By what is told of them. @type {Readonly<Record<string, readonly string[]>>} */
const unsafe = {
  'is empty': ['', '/', '/etc/passwd', 'a//b', 'a/', '//server/share'],
  'is . or ..': ['.', '..', '../a', 'a/../b', 'a/..', './a', 'a/./b'],
  'has a backslash': ['\\', 'a\\b', '..\\a', '\\\\server\\share', 'C:\\a', '\\\\?\\C:\\a'],
  'has a colon': ['C:', 'c:a', 'C:/a', 'a/D:', 'a.txt:stream', 'a.txt::$DATA', ':'],
  'cannot be seen': [
    'a\0',
    'a\0.jpg',
    'a\nb',
    'a\r',
    'a/\u0007',
    '\u001b[2J',
    'a\u007f',
    'a\u0085b',
    'a\u2028b',
    'a\u2029b',
    'a\u202egpj.exe',
    'a\u2066b',
    'a\u2069',
    '\u200eb',
    'b\u200fc',
    'a\u061c',
    'a\ud800',
  ],
  'ends in a dot or a space': ['a.', 'a ', 'a/b. /c', '...', ' ', 'a. ', '.. '],
  'is a device': [
    'CON',
    'con',
    'Prn.txt',
    'aux.tar.gz',
    'a/NUL',
    'nul.txt/a',
    'NUL .txt',
    'COM1',
    'com9.log',
    'LPT0',
    'COM¹.txt',
    'lpt³',
    'CONIN$',
    'conout$.a',
    'CLOCK$',
  ],
  'more than 255 bytes': ['n'.repeat(256), 'é'.repeat(128), `a/${'😀'.repeat(64)}`],
}

test('a path that stays within a folder is answered as it is', () => {
  for (const path of safe) assert.equal(safePath(path), path)
})

for (const [why, paths] of Object.entries(unsafe))
  test(`what ${why} is refused by these words, which do not show it`, async () => {
    for (const path of paths) {
      const error = await fails(assert, () => safePath(path), 'invalid_argument')
      assert.match(error.message, /^safePath: part \d+ /, JSON.stringify(path))
      assert.include(error.message, why, JSON.stringify(path))
      assert.equal(error.whose, 'sender')
      assert.notInclude(error.message, 'passwd')
    }
  })

test('what is no text is refused', async () => {
  for (const path of [undefined, null, 5, ['a'], new URL('file:///a')])
    await fails(assert, () => safePath(wrong(path)), 'invalid_argument', /expected a path, found/)
})

const pieces = ['..', '.', '/', '\\', 'C:', 'a', ' ', '\0', 'nul', '\u202e', '//', '~', '%2e']
/** Every text of so many pieces. @returns {readonly string[]} */
const textsOf = (count) =>
  count === 0 ? [''] : textsOf(count - 1).flatMap((text) => pieces.map((piece) => text + piece))

test('no text of up to four dangerous pieces that is taken leaves its folder, on either system', () => {
  const taken = [1, 2, 3, 4].flatMap(textsOf).filter((text) => {
    try {
      return safePath(text) === text
    } catch {
      return false
    }
  })
  assert.isAtLeast(taken.length, 300)
  for (const system of [posix, win32]) {
    const { sep } = system
    const folder = system.resolve(sep, 'inbox')
    for (const text of taken)
      assert.equal(system.resolve(folder, text), [folder, ...text.split('/')].join(sep))
  }
})
