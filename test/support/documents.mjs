// Documents whose blocks of code are run: README.md, docs/*.md, docs/guides/*.md.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { assert } from 'chai'

export const root = new URL('../../', import.meta.url)

/**
 * A document of the repository with its blocks, in their order. A block has a `file` when its first
 * line names one.
 */
export function documentAt(path) {
  const url = new URL(path, root)
  const text = readFileSync(url, 'utf8')
  const blocks = [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language, code]) => ({
    language,
    code,
    file: /^\/\/ ([\w-]+\.mjs)\n/.exec(code)?.[1],
  }))
  return {
    url,
    text,
    blocks,
    code: blocks.filter(({ language }) => language === 'js').map(({ code }) => code),
  }
}

/** The first sentence below the title. */
export function firstSentence(text) {
  const [, paragraph] = /^# .+\n\n(.+)\n/.exec(text) ?? []
  assert.isString(paragraph, 'a title and a paragraph')
  return paragraph.split(/(?<=[.:?!]) /)[0]
}

/**
 * The same code with packages named by URL, so that a module outside of the repository finds them.
 */
export const withResolvedImports = (code) =>
  code.replace(/from '([@\w][^']*)'/g, (all, name) =>
    name.startsWith('node:') ? all : `from '${import.meta.resolve(name)}'`,
  )

/** Every block of code parses. */
export function assertParse(blocks, least) {
  assert.isAtLeast(blocks.length, least)
  for (const code of blocks) {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--check', '--input-type=module', '-'],
      { input: code, encoding: 'utf8' },
    )
    assert.equal(status, 0, `${code}\n${stderr}`)
  }
}

/** Every name that is imported from a door exists. */
export async function assertImports({ text }, least) {
  let names = 0
  for (const [, list, door] of text.matchAll(/import \{ ([\w, ]+) \} from '(sealdrop[^']*)'/g)) {
    const exported = await import(door)
    for (const name of list.split(', ')) assert.property(exported, name, door)
    names += list.split(', ').length
  }
  assert.isAtLeast(names, least)
}

/** Every file that is linked is there, and so is every heading. */
export function assertLinks({ url, text }) {
  let seen = 0
  for (const [, path = '', heading] of text.matchAll(/\]\(([\w./-]+)?(?:#([\w-]+))?\)/g)) {
    const target = new URL(path, url)
    assert.isTrue(existsSync(target), path)
    if (heading)
      assert.include(
        [...readFileSync(path ? target : url, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
          title
            .toLowerCase()
            .replace(/[^\w -]/g, '')
            .replaceAll(' ', '-'),
        ),
        heading,
        path,
      )
    seen++
  }
  assert.isAbove(seen, 0)
}

/**
 * Runs a program to its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string | URL, env?: Record<string, string> }} [o]
 * @returns its status and all that it printed
 */
export async function run(command, args, { cwd = new URL('test/', root), env = {} } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk
    })
  const status = await new Promise((resolve) => child.on('close', resolve))
  return { status, output }
}

/**
 * Runs a module that is given as text.
 *
 * @param {string} code
 * @param {{ cwd?: string | URL, env?: Record<string, string> }} [o]
 */
export const runModule = (code, o) => run(process.execPath, ['--input-type=module', '-e', code], o)
