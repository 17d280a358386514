// --json of the commands that move data: a line on stderr for each input, and the data as before.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { inspect } from 'sealdrop'
import { ageRecipient } from 'sealdrop/age'
import { cliWorld, run } from './seal-helpers.mjs'

/** @type {Awaited<ReturnType<typeof cliWorld>>} */
let world
before(async () => {
  world = await cliWorld()
  writeFileSync(world.at('in'), 'a claim')
})
after(() => world.close())

const cli = (args, o = {}) => run(args, { cwd: world.folder, env: world.local.env, ...o })
/** The only line that a command wrote to stderr, as JSON. */
async function told(args, o) {
  const { code, out, err } = await cli(args, o)
  assert.equal(code, 0, err)
  assert.match(err, /^[^\n]+\n$/)
  return { found: JSON.parse(err), out }
}

test('seal says of a message where it is, how large, for whom, and why they are believed', async () => {
  const { at, thumbprints } = world
  const arn = `arn:aws:kms:us-east-1:111122223333:key/${'1'.repeat(8)}`
  const ways = ['-r', 'claims.signed', '--root', 'root.json', '-r', 'rsa.jwk.json', '--arn', arn]
  const { found, out } = await told(['seal', ...ways, '--no-state', '--json', '-o', 'm', 'in'])
  assert.lengthOf(out, 0)
  const { messageId } = await inspect(readFileSync(at('m')))
  assert.deepEqual(found, {
    input: 'in',
    exit: 0,
    output: 'm',
    bytes: statSync(at('m')).size,
    kind: 'message',
    messageId,
    recipients: [
      {
        thumbprint: thumbprints.claims,
        alg: 'ECDH-ES+A256KW',
        source: 'claims.signed',
        trust: 'signed by root.json, and not remembered',
      },
      {
        thumbprint: thumbprints.rsa,
        alg: 'RSA-OAEP-256',
        arn,
        source: 'rsa.jwk.json',
        trust: 'in hand',
      },
    ],
  })
})

test('seal to stdout keeps data and words apart, for values and age files too', async () => {
  const jwk = JSON.parse(readFileSync(world.at('claims.jwk.json'), 'utf8'))
  const recipient = ageRecipient(jwk)
  const value = await told(['seal', '-r', 'claims.jwk.json', '--jwe', '--json'], { input: 'x' })
  const { messageId } = await inspect(value.out.toString().trim())
  assert.deepInclude(value.found, { input: '-', output: '-', kind: 'value', messageId })
  assert.equal(value.found.bytes, value.out.length)
  assert.equal(value.found.recipients[0].thumbprint, world.thumbprints.claims)
  const age = await told(['seal', '-r', recipient], {
    input: 'x',
    env: { ...world.local.env, SEALDROP_JSON: 'true' },
  })
  assert.deepEqual(age.found, {
    input: '-',
    exit: 0,
    output: '-',
    bytes: age.out.length,
    kind: 'age',
    recipients: [{ recipient, trust: 'as given' }],
  })
})

test('seal of several says of each what became of it, and ends with the worst', async () => {
  const many = ['seal', '-r', 'claims.jwk.json', '--json', '--out-dir', 'many', 'in', 'absent']
  const { code, err } = await cli(many)
  const [good, bad, words] = err.trim().split('\n')
  assert.deepInclude(JSON.parse(good ?? ''), { input: 'in', exit: 0, output: 'many/in.sealed' })
  assert.deepInclude(JSON.parse(bad ?? ''), { input: 'absent', exit: 7, code: 'source_failed' })
  assert.deepEqual([code, words], [7, 'sealdrop: 1 of 2 failed'])
})

test('open says which key opened it, and its context in the place of another line', async () => {
  const { at, thumbprints } = world
  await told(['seal', '-r', 'claims.jwk.json', '-c', 'claim=7', '--json', '-o', 'c', 'in'])
  const open = ['open', '--key-id', 'alias/claims', '--json']
  const { found, out } = await told([...open, '--any-context', 'c'])
  assert.equal(out.toString(), 'a claim')
  const { messageId } = await inspect(readFileSync(at('c')))
  const { key, ...rest } = found
  assert.deepEqual(rest, {
    input: 'c',
    exit: 0,
    output: '-',
    bytes: 7,
    kind: 'message',
    messageId,
    context: { claim: '7' },
  })
  assert.deepEqual([key.thumbprint, key.alg], [thumbprints.claims, 'ECDH-ES+A256KW'])
  assert.match(key.arn, /^arn:aws:kms:/)
})

test('sign says what it signed, and where that is', async () => {
  const sign = ['sign', '--key-id', 'alias/root', '--json']
  const file = await told([...sign, 'in'])
  assert.deepEqual(file.found, {
    input: 'in',
    exit: 0,
    output: 'in.sig',
    bytes: statSync(world.at('in.sig')).size,
    kind: 'file',
  })
  const token = await told([...sign, '--token'], { input: 'x' })
  assert.deepInclude(token.found, { output: '-', bytes: token.out.length, kind: 'token' })
})
