// The command as its user has it: a process, what it prints, what an unmodified AWS client gets
// from it, how it ends.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  ListAliasesCommand,
  ListKeysCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { listeningPort, present } from '../support/types.mjs'
import { printedEnv, running, sealdrop } from './helpers.mjs'

const root = new URL('../../', import.meta.url).pathname
const neverCloses = fileURLToPath(new URL('never-closes.mjs', import.meta.url))
const base = mkdtempSync(join(tmpdir(), 'sealdrop-cli-'))
after(() => rmSync(base, { recursive: true, force: true }))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const key = 'claims=RSA_2048:ENCRYPT_DECRYPT'

test('the printed lines are enough for the unmodified AWS client, and SIGTERM ends it with exit code 0', async () => {
  const local = await running(['--key', key, '--key', 'sign=ECC_NIST_P256:SIGN_VERIFY'])
  const [, arn] = present(/claims +RSA_2048 ENCRYPT_DECRYPT +(arn:\S+)/.exec(local.err()))
  const { CiphertextBlob } = await local.client.send(
    new EncryptCommand({
      KeyId: 'alias/claims',
      Plaintext: Buffer.from('hello'),
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    }),
  )
  const { Plaintext, KeyId } = await local.client.send(
    new DecryptCommand({
      KeyId: 'alias/claims',
      CiphertextBlob,
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    }),
  )
  assert.equal(Buffer.from(present(Plaintext)).toString(), 'hello')
  assert.equal(KeyId, arn)
  assert.match(local.err(), /sign +ECC_NIST_P256 SIGN_VERIFY +arn:/)
  const { code, out } = await local.stop()
  assert.equal(code, 0, local.err())
  for (const line of out.split('\n').filter(Boolean))
    assert.isObject(JSON.parse(line), 'stdout is for programs only')
})

test('a shell that pastes the printed lines has the environment', async () => {
  const local = await running(['--port', '0'])
  const lines = local
    .err()
    .split('\n')
    .filter((line) => line.startsWith('export '))
  assert.equal(lines.length, 5)
  const pasted = execFileSync('sh', ['-c', `${lines.join('\n')}\nenv`], {
    encoding: 'utf8',
    env: {},
  })
  for (const [name, value] of Object.entries(printedEnv(local.err())))
    assert.include(pasted, `${name}=${value}\n`)
  assert.equal((await local.stop('SIGINT')).code, 0)
})

test('SIGTERM lets operations that run finish', async () => {
  const local = await running([], { env: { NODE_OPTIONS: '' } }) // keys take a while: no pool
  let left = 4
  const making = Array.from({ length: left }, () =>
    local.client
      .send(new CreateKeyCommand({ KeySpec: 'RSA_4096', KeyUsage: 'SIGN_VERIFY' }))
      .finally(() => {
        left--
      }),
  )
  await new Promise((resolve) => {
    setTimeout(resolve, 150)
  })
  await local.client.send(new ListKeysCommand({})) // it came later, so those are there
  const under = left
  const { code } = await local.stop()
  assert.isAbove(under, 0, 'something was running when the signal came')
  for (const { KeyMetadata } of await Promise.all(making))
    assert.equal(KeyMetadata?.KeySpec, 'RSA_4096')
  assert.equal(code, 0)
})

/** @type {[NodeJS.Signals, number][]} */
const deaths = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]
for (const [signal, expected] of deaths) {
  test(`a second ${signal} ends at once what does not close, with the exit code of a death by that signal`, async () => {
    const run = sealdrop([], { command: neverCloses })
    await run.until(/^ready$/m)
    run.child.kill(signal)
    await run.until(new RegExp(`^closing on ${signal}$`, 'm'))
    assert.equal(run.child.exitCode, null, 'one signal waits')
    assert.equal((await run.stop(signal)).code, expected)
  })
}

test('a port in use is exit code 6 and one line that says so', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = listeningPort(server)
  const { code, err, out } = await sealdrop(['local-kms', '--port', String(port)]).ended
  server.close()
  assert.equal(code, 6)
  assert.match(
    err,
    new RegExp(
      `^sealdrop: The local KMS cannot listen on port ${port} of 127\\.0\\.0\\.1: EADDRINUSE; ` +
        'choose another, or 0 for any free one\\n$',
    ),
  )
  assert.equal(out, '')
})

test('a folder in use is exit code 6, a damaged one 3, with one line each', async () => {
  const dir = join(base, 'used')
  const local = await running(['--dir', dir])
  const second = await sealdrop(['local-kms', '--dir', dir]).ended
  assert.equal(second.code, 6)
  assert.match(second.err, /^sealdrop: dir .* is in use by the local KMS of process \d+.*\n$/)
  await local.stop()
  const damaged = join(base, 'damaged')
  mkdirSync(join(damaged, 'us-east-1'), { recursive: true })
  writeFileSync(join(damaged, 'us-east-1', 'aliases.json'), '{')
  const { code, err } = await sealdrop(['local-kms', '--dir', damaged]).ended
  assert.equal(code, 3)
  assert.match(err, /^sealdrop: .*aliases\.json is damaged.*\n$/)
  assert.notMatch(err + second.err, /\n\s+at /, 'no stack')
})

test('what was acknowledged is there after kill -9 and a start on the same folder', async () => {
  const dir = join(base, 'killed')
  const first = await running(['--dir', dir, '--key', key])
  const { CiphertextBlob, KeyId } = await first.client.send(
    new EncryptCommand({
      KeyId: 'alias/claims',
      Plaintext: Buffer.from('kept'),
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    }),
  )
  const made = await first.client.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
  )
  assert.equal((await first.stop('SIGKILL')).signal, 'SIGKILL')
  const second = await running(['--dir', dir, '--key', key])
  const { Plaintext } = await second.client.send(
    new DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
  )
  assert.equal(Buffer.from(present(Plaintext)).toString(), 'kept')
  const { Keys } = await second.client.send(new ListKeysCommand({}))
  assert.sameMembers(
    present(Keys).map(({ KeyArn }) => KeyArn),
    [KeyId, made.KeyMetadata?.Arn],
  )
  const { Aliases } = await second.client.send(new ListAliasesCommand({}))
  assert.deepEqual(
    present(Aliases)
      .map(({ AliasName }) => AliasName)
      .filter((name) => !name?.startsWith('alias/aws/')),
    ['alias/claims'],
  )
  assert.equal((await second.stop()).code, 0)
})

test('whoever stops reading the output does not end the server', async () => {
  const local = await running(['--key', key])
  local.child.stdout.destroy()
  for (let call = 0; call < 3; call++) await local.client.send(new ListKeysCommand({}))
  assert.equal((await local.stop()).code, 0)
})

/**
 * Arguments, what stderr says. All are exit code 2 and print nothing on stdout.
 *
 * @type {[string[], RegExp][]}
 */
const refused = [
  [[], /Usage: sealdrop \[options\] \[command\]/],
  [['sealed'], /error: unknown command 'sealed'/],
  [['local-kms', '--prot', '1'], /error: unknown option '--prot'\n\(Did you mean --port\?\)/],
  [['local-kms', 'extra'], /error: too many arguments/],
  [
    ['local-kms', '--port', 'http'],
    /error: option '--port <number>' argument 'http' is invalid\. Expected an integer from 0 to 65535/,
  ],
  [
    ['local-kms', '--port', '65536'],
    /argument '65536' is invalid\. Expected an integer from 0 to 65535/,
  ],
  [
    ['local-kms', '--port', '-1'],
    /error: option '--port <number>' argument (missing|'-1' is invalid)/,
  ],
  [['local-kms', '--port'], /error: option '--port <number>' argument missing/],
  [
    ['local-kms', '--key', 'claims'],
    /argument 'claims' is invalid\. Expected alias=SPEC:USAGE like claims=RSA_3072:ENCRYPT_DECRYPT/,
  ],
  [
    ['local-kms', '--key', 'claims=RSA_2048:DANCE'],
    /^sealdrop: --key: usage: RSA_2048 takes .*, found "DANCE"\n$/,
  ],
  [['local-kms', '--key', key, '--key', key], /^sealdrop: .*"alias\/claims" is there twice\n$/],
  [
    ['local-kms', '--region', 'mars'],
    /^sealdrop: --region: expected the name of a Region like us-east-1, found "mars"\n$/,
  ],
  [
    ['local-kms', '--credentials', join(base, 'none.json')],
    /^sealdrop: --credentials: expected a file that can be read, found ".*none\.json": ENOENT\n$/,
  ],
  [
    ['local-kms', '--fault', 'throttle'],
    /argument 'throttle' is invalid\. Expected a JSON object like/,
  ],
  [['local-kms', '--fault', '[]'], /argument '\[\]' is invalid\. Expected a JSON object like/],
]
for (const [args, message] of refused) {
  test(`wrong arguments are exit code 2 and say what was expected: ${args.join(' ').replaceAll(base, '…') || '(none)'}`, async () => {
    const { code, out, err } = await sealdrop(args).ended
    assert.match(err, message)
    assert.deepEqual([code, out], [2, ''])
    assert.notMatch(err, /\n\s+at /, 'no stack')
  })
}

test('it does not run with NODE_ENV=production', async () => {
  const { code, err } = await sealdrop(['local-kms'], { env: { NODE_ENV: 'production' } }).ended
  assert.equal(code, 2)
  assert.match(err, /^sealdrop: The local KMS keeps private keys unprotected/)
})

test('help names every option and has examples; the version is that of the package', async () => {
  const { code, out, err } = await sealdrop(['local-kms', '--help']).ended
  assert.deepEqual([code, err], [0, ''])
  for (const name of ['dir', 'port', 'region', 'credentials', 'seed', 'key', 'quiet', 'fault'])
    assert.match(out, new RegExp(`^  --${name}\\b`, 'm'))
  assert.match(out, /Examples:\n  \$ sealdrop local-kms /)
  assert.match((await sealdrop(['--help']).ended).out, /local-kms \[options\] +run a KMS server/)
  assert.deepEqual(await sealdrop(['--version']).ended, {
    code: 0,
    signal: null,
    out: `${version}\n`,
    err: '',
  })
})

test('the command brings its own parser: a package folder alone runs it', async () => {
  const folder = join(base, 'alone', 'node_modules', 'sealdrop')
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const local = await running([], { command: join(folder, bin.sealdrop), cwd: base })
  await local.client.send(new ListKeysCommand({}))
  assert.equal((await local.stop()).code, 0)
  assert.match(readFileSync(join(folder, bin.sealdrop), 'utf8'), /^#!\/usr\/bin\/env node\n/)
  assert.notMatch(
    readFileSync(join(folder, 'dist/cli/commander.js'), 'utf8'),
    /\brequire\(|^import\b.* from ['"](?!node:)/m,
  )
})
