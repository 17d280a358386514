// What is written from the commands themselves: man pages, in every build, and the page
// docs/command-line-reference.md, which `--write` renews. `test/node/command-line.test.mjs` fails
// while that page is old.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { allCommands, buildProgram } from '../dist/cli/program.js'

/** @import { Command } from 'commander' */

const root = fileURLToPath(new URL('../', import.meta.url))
/** The page of the docs, below the root. */
export const page = 'docs/command-line-reference.md'
const manuals = join(root, 'dist/man')

/**
 * What a command says of itself.
 *
 * @typedef {{
 *   name: string
 *   usage: string
 *   description: string
 *   arguments: { term: string, description: string }[]
 *   options: { term: string, description: string }[]
 *   commands: { term: string, description: string }[]
 *   examples: { line: string, what: string[] }[]
 *   notes: string[]
 * }} Told
 */

const quiet = { out: () => {}, note: () => {} }

/** The text behind the flags: lines that begin with `$` are examples, and paragraphs follow them. */
function afterText(command) {
  let text = ''
  command.configureOutput({ writeOut: (found) => (text += found) }).outputHelp()
  return text.split('\nExamples:\n')[1] ?? ''
}

function examplesOf(text) {
  const [lines = '', ...notes] = text.trimEnd().split('\n\n')
  /** @type {Told['examples']} */
  const examples = []
  for (const line of lines.split('\n').map((found) => found.trim())) {
    if (line.startsWith('$ ')) examples.push({ line: line.slice(2), what: [] })
    else examples.at(-1)?.what.push(line)
  }
  return { examples, notes: notes.map((note) => note.replaceAll('\n', ' ').trim()) }
}

/** @returns {Told} */
function told(command, name) {
  const help = command.createHelp()
  /** @type {(found: any, kind: 'argument' | 'option' | 'subcommand') => { term: string, description: string }} */
  const row = (found, kind) => ({
    term: help[`${kind}Term`](found),
    description: help[`${kind}Description`](found),
  })
  return {
    name,
    usage: `${name} ${command.usage()}`,
    description: command.description(),
    arguments: help.visibleArguments(command).map((found) => row(found, 'argument')),
    options: help.visibleOptions(command).map((found) => row(found, 'option')),
    commands: help.visibleCommands(command).map((found) => row(found, 'subcommand')),
    ...examplesOf(afterText(command)),
  }
}

/** A command and those below it. @returns {Told[]} */
const tree = (command, name) => [
  told(command, name),
  ...command
    .createHelp()
    .visibleCommands(command)
    .flatMap((sub) => tree(sub, `${name} ${sub.name()}`)),
]

/** Every command, as it is now: the program first. */
export const commandTree = async () => {
  const program = buildProgram(quiet, await allCommands(quiet))
  return tree(program, program.name())
}

const cell = (text) => text.replaceAll('|', '\\|')
const table = (title, rows) =>
  rows.length === 0
    ? []
    : [
        `| ${title} | what it is |`,
        '| --- | --- |',
        ...rows.map(({ term, description }) => `| \`${cell(term)}\` | ${cell(description)} |`),
        '',
      ]
const withStop = (text) => (/[.!?]$/.test(text) ? text : `${text}.`)
const sentence = (text) => withStop(text[0].toUpperCase() + text.slice(1))

function section({ name, usage, description, notes, examples, ...rows }) {
  const lines = examples.flatMap(({ line, what }) => [line, ...what.map((found) => `  # ${found}`)])
  return [
    `## ${name}`,
    '',
    sentence(description),
    '',
    '```text',
    usage,
    '```',
    '',
    ...table('command', rows.commands),
    ...table('argument', rows.arguments),
    ...table('flag', rows.options),
    ...(lines.length > 0 ? ['Examples:', '', '```text', ...lines, '```', ''] : []),
    ...notes.flatMap((note) => [note, '']),
  ]
}

/** The page of the docs. */
export const referencePage = async () =>
  [
    '# Reference of the command line',
    '',
    'This page lists every command with its flags, as `--help` does. `node tools/command-line.mjs --write` makes it.',
    '',
    'The guide is [command-line.md](guides/command-line.md), which has the exit codes, too.',
    '',
    ...(await commandTree()).flatMap(section),
  ]
    .join('\n')
    .trimEnd() + '\n'

/** Text that roff takes for text: no escape, no request, and a dash that can be copied. */
const roff = (text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&')
const inBold = (text) => `.B "${roff(text).replaceAll('"', '\\(dq')}"`
const rowsInRoff = (title, rows) =>
  rows.length === 0
    ? []
    : [
        `.SH ${title}`,
        ...rows.flatMap(({ term, description }) => [
          '.TP',
          inBold(term),
          roff(sentence(description)),
        ]),
      ]

/** A man page of section 1. */
function manual({ name, usage, description, examples, notes, ...rows }, version, others) {
  const title = name.replaceAll(' ', '-')
  const shown = examples.flatMap(({ line, what }) => ['.TP', inBold(line), ...what.map(roff)])
  const also = others.filter((other) => other !== title).map((other) => `.BR ${roff(other)} (1)`)
  return (
    [
      `.TH ${title.toUpperCase().replaceAll('-', '\\-')} 1 "" "sealdrop ${version}" "Sealdrop"`,
      '.SH NAME',
      `${roff(title)} \\- ${roff(description)}`,
      '.SH SYNOPSIS',
      inBold(usage),
      ...rowsInRoff('COMMANDS', rows.commands),
      ...rowsInRoff('ARGUMENTS', rows.arguments),
      ...rowsInRoff('OPTIONS', rows.options),
      ...(shown.length > 0 ? ['.SH EXAMPLES', ...shown] : []),
      ...(notes.length > 0
        ? ['.SH NOTES', ...notes.flatMap((note) => ['.PP', roff(note)]).slice(1)]
        : []),
      '.SH SEE ALSO',
      also.join(',\n'),
    ].join('\n') + '\n'
  )
}

/** The man pages: names of files to their text. @returns {Promise<ReadonlyMap<string, string>>} */
export async function manualPages() {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const commands = await commandTree()
  const names = commands.map(({ name }) => name.replaceAll(' ', '-'))
  return new Map(
    commands.map((command, index) => {
      const others = index === 0 ? names : ['sealdrop']
      return [`${names[index]}.1`, manual(command, version, others)]
    }),
  )
}

if (process.argv[1] === import.meta.filename) {
  await rm(manuals, { recursive: true, force: true })
  await mkdir(manuals, { recursive: true })
  for (const [name, text] of await manualPages()) await writeFile(join(manuals, name), text)
  if (process.argv.includes('--write')) await writeFile(join(root, page), await referencePage())
}
