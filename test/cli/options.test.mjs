// Arguments to the options of the server, in this process: what reaches startLocalKms, and what
// becomes of the trail.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { assert } from 'chai'
import { buildProgram, runProgram } from '#dist/cli/program.js'
import { localKmsCommand } from '#dist/cli/commands/local-kms.js'
import { SealdropError } from '#dist/errors/sealdrop-error.js'

/** @import { LocalKms, LocalKmsOptions } from 'sealdrop/local-kms' */

const base = mkdtempSync(join(tmpdir(), 'sealdrop-cli-options-'))
after(() => rmSync(base, { recursive: true, force: true }))
const credentials = join(base, 'who.json')
writeFileSync(credentials, '{"account":"111122223333"}')

const env = {
  AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:1',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: "it's $HOME",
  AWS_SECRET_ACCESS_KEY: 'plain+/=',
}

/**
 * A local KMS that serves nothing, as the command sees it.
 *
 * @param {() => Promise<void>} close
 */
const idle = (close) => {
  const local = { url: env.AWS_ENDPOINT_URL_KMS, env, keys: { claims: 'arn:claims' }, close }
  return /** @type {LocalKms} */ (/** @type {unknown} */ (local))
}

/**
 * Runs the command with a server that serves nothing; a signal ends it as soon as it runs.
 *
 * @param {readonly string[]} args
 * @param {() => Promise<LocalKms>} [start]
 */
async function command(args, start) {
  /** @type {{ out: string[], notes: string[], closed: boolean, options: LocalKmsOptions }} */
  const written = { out: [], notes: [], closed: false, options: {} }
  const terminal = {
    out: (line) => written.out.push(line),
    note: (line) => written.notes.push(line),
  }
  const close = async () => {
    written.closed = true
  }
  const starting = async (options) => {
    written.options = options
    const local = await (start ? start() : idle(close))
    setImmediate(() => process.emit('SIGTERM', 'SIGTERM'))
    return local
  }
  const code = await runProgram(
    buildProgram(terminal, [localKmsCommand(terminal, starting)]),
    ['local-kms', ...args],
    terminal,
  )
  return { ...written, code }
}

/**
 * Arguments, options. `onCall` is looked at apart.
 *
 * @type {[string, string[], LocalKmsOptions][]}
 */
const rows = [
  ['nothing given, nothing passed', [], {}],
  ['dir and port', ['--dir', '.kms', '--port', '8080'], { dir: '.kms', port: 8080 }],
  ['port 0', ['--port=0'], { port: 0 }],
  ['one Region', ['--region', 'eu-west-1'], { region: 'eu-west-1' }],
  [
    'several Regions after one option',
    ['--region', 'eu-west-1', 'us-east-1', 'us-west-2'],
    { region: 'eu-west-1', regions: ['us-east-1', 'us-west-2'] },
  ],
  [
    'several Regions, each with its option',
    ['--region', 'eu-west-1', '--region', 'us-east-1'],
    { region: 'eu-west-1', regions: ['us-east-1'] },
  ],
  [
    'the text of a credentials file',
    ['--credentials', credentials],
    { credentials: '{"account":"111122223333"}' },
  ],
  ['a seed, also an empty one', ['--seed', ''], { seed: '' }],
  [
    'keys',
    [
      '--key',
      'a=RSA_2048:SIGN_VERIFY',
      'alias/b/c=ECC_NIST_P256:KEY_AGREEMENT',
      '--key',
      'd=x:y:z',
    ],
    {
      keys: [
        { alias: 'a', spec: 'RSA_2048', usage: 'SIGN_VERIFY' },
        { alias: 'alias/b/c', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
        { alias: 'd', spec: 'x', usage: 'y:z' },
      ],
    },
  ],
  [
    'faults, in order',
    ['--fault', '{"kind":"reset"}', '--fault', '{"kind":"latency","latency":5}'],
    { faults: [{ kind: 'reset' }, { kind: 'latency', latency: 5 }] },
  ],
]
for (const [name, args, expected] of rows) {
  test(`options of the server: ${name}`, async () => {
    const { code, options, closed } = await command(args)
    const { onCall, ...others } = options
    assert.deepEqual(others, expected)
    assert.isFunction(onCall)
    assert.deepEqual([code, closed], [0, true])
  })
}

test('the trail is one JSON line a call on stdout, and --quiet turns it off', async () => {
  const { out, options } = await command([])
  const onCall = /** @type {(record: object) => void} */ (options.onCall)
  onCall({ eventName: 'Sign', text: 'two\nlines' })
  onCall({ eventName: 'Decrypt' })
  assert.deepEqual(out, ['{"eventName":"Sign","text":"two\\nlines"}', '{"eventName":"Decrypt"}'])
  const quiet = await command(['--quiet'])
  assert.deepEqual(quiet.options, {})
})

test('people are told where it is, where keys are kept, which keys there are, and what to paste', async () => {
  const {
    notes: [banner, goodbye],
    out,
  } = await command([
    '--dir',
    'here',
    '--region',
    'us-east-1',
    'eu-west-1',
    '--key',
    'claims=RSA_2048:SIGN_VERIFY',
  ])
  assert.deepEqual(banner.split('\n'), [
    'Sealdrop local KMS for development and tests: http://127.0.0.1:1 (us-east-1, eu-west-1). Keys are kept in here, unencrypted.',
    'Keys:',
    '  claims  RSA_2048 SIGN_VERIFY  arn:claims',
    'For other programs:',
    'export AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1',
    'export AWS_REGION=us-east-1',
    "export AWS_ACCESS_KEY_ID='it'\\''s $HOME'",
    'export AWS_SECRET_ACCESS_KEY=plain+/=',
    '',
  ])
  assert.match(goodbye, /^SIGTERM: the local KMS finishes what runs/)
  assert.deepEqual(out, [])
  assert.match((await command([])).notes[0], /\(us-east-1\)\. Keys are in memory only/)
})

/**
 * What the server says, exit code, what the command says.
 *
 * @type {[SealdropError, number, string][]}
 */
const failures = [
  [new SealdropError('conflict', 'in use'), 6, 'sealdrop: in use'],
  [
    new SealdropError('malformed', 'credentials: principals: expected'),
    3,
    'sealdrop: credentials: principals: expected',
  ],
  [new SealdropError('invalid_argument', 'port: expected'), 2, 'sealdrop: --port: expected'],
  [
    new SealdropError('invalid_argument', 'keys[1].spec: expected'),
    2,
    'sealdrop: --key: spec: expected',
  ],
  [
    new SealdropError('invalid_argument', 'regions[0]: expected'),
    2,
    'sealdrop: --region: expected',
  ],
  [
    new SealdropError('invalid_argument', 'faults[2].kind: expected'),
    2,
    'sealdrop: --fault: kind: expected',
  ],
]
for (const [error, code, line] of failures) {
  test(`a server that does not start, ${error.code} "${error.message}": exit code ${code}, one line`, async () => {
    const found = await command([], async () => {
      throw error
    })
    assert.deepEqual([found.code, found.notes, found.out], [code, [line], []])
  })
}

test('a server that does not close is exit code 7; what is no error of ours is 1, in a line', async () => {
  const failing = (error) => async () =>
    idle(async () => {
      throw error
    })
  const { code, notes } = await command(
    [],
    failing(new SealdropError('output_failed', 'disk full')),
  )
  assert.deepEqual([code, notes.at(-1)], [7, 'sealdrop: disk full'])
  const mistake = await command([], failing(new TypeError('a\nmistake')))
  const line = 'sealdrop: failed unexpectedly: TypeError: a?mistake'
  assert.deepEqual([mistake.code, mistake.notes.at(-1)], [1, line])
  assert.equal(process.listenerCount('SIGTERM'), 0, 'no listener is left behind')
})
