// Completion in real shells. bash and zsh get keys in a terminal, and what they completed is run.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import test, { after } from 'node:test'
import { assert } from 'chai'
import { bin, sealdrop } from './helpers.mjs'

const base = mkdtempSync(join(tmpdir(), 'sealdrop-completion-'))
after(() => rmSync(base, { recursive: true, force: true }))
const at = (name) => join(base, name)
mkdirSync(at('bin'))
mkdirSync(at('work'))
writeFileSync(at('bin/sealdrop'), `#!/bin/sh\nexec ${process.execPath} ${bin} "$@"\n`, {
  mode: 0o755,
})
writeFileSync(at('work/keys-of-us.json'), '{"keys":[]}')

const env = {
  PATH: `${at('bin')}${delimiter}${process.env.PATH}`,
  HOME: base,
  TERM: 'xterm',
  LANG: 'C.UTF-8',
  COLUMNS: '200',
}
/** @type {(args: readonly string[]) => Promise<string>} */
const said = async (args) => {
  const { code, out, err } = await sealdrop(['completion', ...args]).ended
  assert.deepEqual([code, err], [0, ''])
  return out
}
/** What the shells are told for words behind `sealdrop`: values, and whether files may follow. */
async function told(...words) {
  const lines = (await said(['complete', '--', ...words])).trimEnd().split('\n')
  return {
    values: lines.slice(0, -1).map((line) => line.split('\t')[0]),
    files: lines.at(-1) === ':0',
  }
}

/** Words, values, whether a file may stand there. @type {[string[], string[], boolean][]} */
const rows = [
  [['sea'], ['seal'], false],
  [['nothing-like-it'], [], false],
  [['seal', '--ou'], ['--output', '--out-dir'], false],
  [['seal', '--type', ''], ['bytes', 'text', 'json'], false],
  [['seal', '--type', 't'], ['text'], false],
  [['seal', '--type=j'], ['json'], false],
  [['seal', '-r', ''], [], true],
  [['seal', '--jwe', ''], [], true],
  // a flag of this name takes a value in sign, and none in verify
  [['sign', '--receipt', 'o'], ['opened'], false],
  [['verify', '--receipt', ''], [], true],
  [['seal', '--', '--ou'], [], true],
  [['local-kms', ''], [], false],
  [['local-kms', '--dir', ''], [], true],
  [['completion', 'z'], ['zsh'], false],
  [['completion', 'zsh', ''], [], false],
  [['inspect', 'a', 'b', ''], [], true],
]
for (const [words, values, files] of rows)
  test(`sealdrop ${words.join(' ')}[Tab]: ${values.join(', ') || (files ? 'a file' : 'nothing')}`, async () => {
    assert.deepEqual(await told(...words), { values, files })
  })

test('every command and every visible flag is offered', async () => {
  const { values: commands } = await told('')
  assert.includeMembers(commands, ['seal', 'open', 'completion'])
  for (const name of commands) {
    const { out } = await sealdrop([name, '--help']).ended
    const flags = [...out.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag)
    assert.sameMembers((await told(name, '--')).values, flags, name)
  }
})

test('another shell is refused, with the names of those that there are', async () => {
  const { code, err } = await sealdrop(['completion', 'tcsh']).ended
  assert.equal(code, 2)
  assert.match(err, /expected one of bash, zsh, fish, powershell/)
})

test('the script for PowerShell asks this command, and registers itself', async () => {
  const script = await said(['powershell'])
  assert.include(script, "Register-ArgumentCompleter -CommandName 'sealdrop'")
  assert.include(script, "& sealdrop completion complete '--'")
})

/** Why a test of a shell cannot run here; false where it can. */
const without = (...programs) => {
  const missing = programs.find((name) => spawnSync('which', [name]).status !== 0)
  return missing !== undefined && `${missing} is not installed`
}

/**
 * Types into a shell in a terminal of its own.
 *
 * @param {string} shell
 * @param {[keys: string, shown: RegExp][]} steps what is typed, once all before it was shown
 */
async function typed(shell, steps) {
  const child = spawn('script', ['-qec', shell, '/dev/null'], { cwd: at('work'), env })
  let shown = ''
  /** @type {() => void} */
  let more = () => {}
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    shown += chunk
    more()
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const patience = setTimeout(() => child.kill('SIGKILL'), 120_000)
  for (const [keys, pattern] of steps) {
    shown = ''
    child.stdin.write(keys)
    await new Promise((resolve, reject) => {
      more = () => void (pattern.test(shown) && resolve(undefined))
      child.once('close', () => reject(new Error(`${keys}: ${JSON.stringify(shown)}`)))
      more()
    })
  }
  child.stdin.end('exit\n')
  await ended
  clearTimeout(patience)
}

/** Keys that seal nothing, and write what they say to a file. */
const inspecting = /** @type {[string, RegExp][]} */ ([
  ['sealdrop ins\t', /inspect/],
  ['--js\t', /--json/],
  ['keys-o\t', /keys-of-us\.json/],
  [' > found.json; echo "done:$?"\n', /done:0/],
])

const bashSteps = [
  ['PS1="READY""> "\n', /READY> /],
  ['source ../sealdrop.bash; echo "so""urced"\n', /sourced/],
]
const zshSteps = [
  ['PS1="READY""> "\n', /READY> /],
  ['autoload -U compinit; compinit -u -D; source ../sealdrop.zsh; echo "so""urced"\n', /sourced/],
]
/** @type {[string, string, any][]} */
const shells = [
  ['bash', 'bash --norc --noprofile -i', bashSteps],
  ['zsh', 'zsh -f -i', zshSteps],
]
for (const [name, shell, begin] of shells)
  test(
    `${name} completes a command, a flag and a file, as they are typed`,
    { skip: without(name, 'script') },
    async () => {
      writeFileSync(at(`sealdrop.${name}`), await said([name]))
      rmSync(at('work/found.json'), { force: true })
      await typed(shell, [...begin, ...inspecting])
      assert.equal(JSON.parse(readFileSync(at('work/found.json'), 'utf8')).kind, 'key-set')
    },
  )

for (const [name, shell, begin] of shells)
  test(
    `a Tab in ${name} runs nothing of what was typed`,
    { skip: without(name, 'script') },
    async () => {
      writeFileSync(at(`sealdrop.${name}`), await said([name]))
      await typed(shell, [
        ...begin,
        ['sealdrop inspect $(touch ran) --js\t', /--json/],
        ['\u0015echo "clea""red"\n', /cleared/],
      ])
      assert.isFalse(existsSync(at('work/ran')))
    },
  )

test('fish offers commands, values and files', { skip: without('fish') }, async () => {
  mkdirSync(at('.config/fish/completions'), { recursive: true })
  writeFileSync(at('.config/fish/completions/sealdrop.fish'), await said(['fish']))
  /** @param {string} line */
  const offered = (line) => {
    const { stdout, stderr } = spawnSync('fish', ['-c', `complete -C ${JSON.stringify(line)}`], {
      cwd: at('work'),
      env,
      encoding: 'utf8',
    })
    assert.equal(stderr, '')
    return stdout
      .trimEnd()
      .split('\n')
      .map((found) => found.split('\t')[0])
  }
  assert.deepEqual(offered('sealdrop ins'), ['inspect'])
  assert.deepEqual(offered('sealdrop seal --type '), ['bytes', 'json', 'text'])
  assert.deepEqual(offered('sealdrop seal -r keys-o'), ['keys-of-us.json'])
})
