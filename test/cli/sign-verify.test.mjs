// sealdrop sign and verify as processes: files, tokens, JWTs and receipts, and what is none of them.
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { cliWorld, run } from './seal-helpers.mjs'

/** @type {Awaited<ReturnType<typeof cliWorld>>} */
let world
before(async () => {
  world = await cliWorld()
})
after(() => world.close())

const inFolder = (args, o = {}) => run(args, { cwd: world.folder, env: world.local.env, ...o })
const by = ['--key-id', 'alias/root']
const of = ['-k', 'root.json']
/** What ended as it should, and what it wrote. */
const done = async (args, o) => {
  const ended = await inFolder(args, o)
  assert.equal(ended.code, 0, ended.err)
  return ended
}

test('a file is signed beside it, and verified by its name, context and every byte', async () => {
  const { at, bytes } = world
  writeFileSync(at('backup.tar'), bytes(2_500_000))
  await done(['sign', ...by, '-c', 'release=7', '--media-type', 'application/x-tar', 'backup.tar'])
  assert.lengthOf(readFileSync(at('backup.tar.sig'), 'utf8').trim().split('\n'), 2)
  const { out } = await done(['verify', ...of, '-c', 'release=7', 'backup.tar'])
  assert.match(
    out.toString(),
    /^backup\.tar: signed by [\w-]{43} \(ES256\), believed: in-hand\n {2}name: backup\.tar\n/,
  )
  const json = await done(['verify', ...of, '-c', 'release=7', '--json', 'backup.tar'])
  const found = JSON.parse(json.out.toString())
  assert.deepEqual(
    [found.name, found.mediaType, found.context],
    ['backup.tar', 'application/x-tar', { release: '7' }],
  )
  const kept = await inFolder(['sign', ...by, 'backup.tar'])
  assert.deepEqual([kept.code, /backup\.tar\.sig: it is there/.test(kept.err)], [2, true])
  const input = readFileSync(at('backup.tar'))
  const stdin = ['--signature', 'backup.tar.sig', '--name', 'backup.tar', '-c', 'release=7']
  await done(['verify', ...of, ...stdin], { input })
  const cut = await inFolder(['verify', ...of, ...stdin], { input: input.subarray(1) })
  assert.equal(cut.code, 3, cut.err)
  const other = await inFolder(['verify', ...of, 'backup.tar'])
  assert.equal(other.code, 3, 'another context')
  renameSync(at('backup.tar'), at('renamed.tar'))
  renameSync(at('backup.tar.sig'), at('renamed.tar.sig'))
  const renamed = await inFolder(['verify', ...of, '-c', 'release=7', 'renamed.tar'])
  assert.equal(renamed.code, 3, renamed.err)
  await done(['verify', ...of, '-c', 'release=7', '--name', 'backup.tar', 'renamed.tar'])
  appendFileSync(at('renamed.tar'), 'x')
  const longer = await inFolder([
    'verify',
    ...of,
    '-c',
    'release=7',
    '--name',
    'backup.tar',
    'renamed.tar',
  ])
  assert.equal(longer.code, 3, longer.err)
})

test('a name that was signed writes no line of its own', async () => {
  writeFileSync(world.at('odd'), 'x')
  const name = 'odd\nother: signed by us\u001B[2K'
  await done(['sign', ...by, '--name', name, 'odd'])
  const { out } = await done(['verify', ...of, '--name', name, 'odd'])
  assert.include(out.toString(), String.raw`  name: odd\u000aother: signed by us\u001b[2K`)
})

test('a token holds what was signed, byte for byte', async () => {
  const { at } = world
  for (const [type, input, output] of /** @type {const} */ ([
    ['bytes', Buffer.from([0, 255, 10]), Buffer.from([0, 255, 10])],
    ['text', 'grüße\n', Buffer.from('grüße\n')],
    ['json', '{ "a": 1 }', Buffer.from('{"a":1}')],
  ])) {
    const { out } = await done(['sign', ...by, '--token', '--type', type], { input })
    assert.match(out.toString(), /^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    const verified = await done(['verify', ...of, '--token'], { input: out })
    assert.deepEqual(verified.out, output, type)
    assert.match(verified.err, /^signed by [\w-]{43} \(ES256\), believed: in-hand\n$/)
    await done(['verify', ...of, '--token', '-o', `${type}.out`], { input: out })
    assert.deepEqual(readFileSync(at(`${type}.out`)), output)
    const changed = out.toString().replace(/^(.{40})./, (_, begin) => `${begin}!`)
    const refused = await inFolder(['verify', ...of, '--token', '-o', 'never'], { input: changed })
    assert.equal(refused.code, 3, refused.err)
    assert.isFalse(existsSync(at('never')))
  }
})

test('a JWT is of its issuer, for its audience, and in time', async () => {
  const input = JSON.stringify({ iss: 'us', aud: 'partner', sub: 'order 7' })
  const { out } = await done(['sign', ...by, '--jwt', '900'], { input })
  const asked = (issuer, audience) => {
    const expected = ['--jwt-issuer', issuer, '--jwt-audience', audience]
    return inFolder(['verify', ...of, '--jwt', ...expected, '--json'], { input: out })
  }
  const { claims } = JSON.parse((await asked('us', 'partner')).out.toString())
  assert.equal(claims.sub, 'order 7')
  assert.equal(claims.exp - claims.iat, 900)
  assert.equal((await asked('them', 'partner')).code, 3)
  assert.equal((await asked('us', 'somebody')).code, 3)
})

test('a receipt is for what was sent, a file or a value', async () => {
  const { at } = world
  const to = ['seal', '-r', 'claims.jwk.json', '-c', 'claim=7']
  writeFileSync(at('sent.sealed'), (await done(to, { input: 'a file' })).out)
  writeFileSync(at('sent.jwe'), (await done([...to, '--jwe'], { input: 'a value' })).out)
  for (const sent of ['sent.sealed', 'sent.jwe']) {
    const { out } = await done(['sign', ...by, '--receipt', 'opened', sent])
    writeFileSync(at('receipt.jws'), out)
    const verified = await done(['verify', ...of, '--receipt', '--sent', sent, 'receipt.jws'])
    assert.include(verified.out.toString(), '  stage: opened\n')
    const other = sent === 'sent.jwe' ? 'sent.sealed' : 'sent.jwe'
    const refused = await inFolder(['verify', ...of, '--receipt', '--sent', other, 'receipt.jws'])
    assert.equal(refused.code, 3, refused.err)
  }
  const none = await inFolder(['sign', ...by, '--receipt', 'opened', 'claims.signed'])
  assert.equal(none.code, 2, none.err)
})

test('what contradicts itself is exit code 2, and a key that does not sign is 4', async () => {
  const { at } = world
  writeFileSync(at('x'), 'x')
  for (const [line, exit, words] of /** @type {const} */ ([
    ['sign x', 2, /--key-id: expected/],
    ['sign --key-id alias/root --token --receipt opened x', 2, /exclude each other/],
    ['sign --key-id alias/root --type text x', 2, /--type: it is for --token/],
    ['sign --key-id alias/root --token --name a x', 2, /signatures of files/],
    ['sign --key-id alias/root --token -c a=b x', 2, /signatures of files/],
    ['sign --key-id alias/root --jwt 0 x', 2, /expected seconds/],
    ['sign --key-id alias/root --receipt seen x', 2, /Allowed choices/],
    ['sign --key-id alias/root', 2, /expected a file/],
    ['sign --key-id alias/root -o a x root.json', 2, /several inputs/],
    ['sign --key-id alias/claims x', 4, /does not sign/],
    ['sign --key-id alias/none x', 4, /sealdrop: /],
    ['verify x', 2, /-k: expected/],
    ['verify -k root.json -k rsa.jwk.json x', 2, /once/],
    ['verify -k root.json --token --jwt x', 2, /exclude each other/],
    ['verify -k root.json --jwt --jwt-issuer us x', 2, /--jwt and --jwt-audience need/],
    ['verify -k root.json --sent x x', 2, /--receipt and --sent need/],
    ['verify -k root.json --token --name a x', 2, /are for files/],
    ['verify -k root.json -o a x', 2, /for --token/],
    ['verify -k root.json', 2, /stdin: expected/],
    ['verify -k root.json x', 7, /x\.sig: it cannot be read: ENOENT/],
    ['verify -k claims.jwk.json --token x', 2, /the key says "enc"/],
  ])) {
    const { code, err } = await inFolder(line.split(' '), { input: '' })
    assert.equal(code, exit, `${line}: ${err}`)
    assert.match(err, words, line)
  }
})
