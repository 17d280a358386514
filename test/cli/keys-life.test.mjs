// The life of keys by the command alone, in a world whose clock moves: made, published, sealed to,
// rotated, retired, disabled, deleted, and brought back.
import { createServer } from 'node:http'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { listeningPort } from '../support/types.mjs'
import { day, keysWorld, minute, twoPurposes } from './keys-helpers.mjs'

/** @type {Awaited<ReturnType<typeof keysWorld>>} */
let world
let url = ''
const server = createServer((request, response) => {
  const file = world.at(`public${request.url}`)
  if (!existsSync(file)) return void response.writeHead(404).end()
  response.end(readFileSync(file))
})
before(async () => {
  world = await keysWorld()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${listeningPort(server)}`
})
after(async () => {
  server.close()
  await world.close()
})

const of = ['--inventory', 'keys']
const publish = ['publish', ...of, '--root', 'alias/root', '--to', 'public']
/** The claims of a signed document. */
const claimsOf = (jws) => JSON.parse(Buffer.from(jws.split('.')[1], 'base64url').toString())
const json = ({ lines }) => lines.map((line) => JSON.parse(line))
const statesOf = async (purpose) =>
  json(await world.done('list', ...of, '--json'))
    .filter((row) => row.purpose === purpose)
    .map(({ state }) => state)
const openOld = () => world.run(['open', ...of, '-c', 'claim=7', 'old.sealed'])

test('init makes an inventory and its first keys, after a dry run that made nothing', async () => {
  const { done, at, local, inventory } = world
  const dry = await done('init', ...of, ...twoPurposes, '--dry-run')
  assert.match(
    dry.lines[0] ?? '',
    /^would be written to keys: claims \(ECC_NIST_P256 KEY_AGREEMENT/,
  )
  assert.lengthOf(dry.lines, 9)
  assert.isFalse(existsSync(at('keys')))
  const made = json(await done('init', ...of, ...twoPurposes, '--json'))
  assert.lengthOf(
    made.filter(({ outcome }) => outcome === 'done'),
    8,
  )
  assert.deepEqual(Object.keys(made.at(-1)), ['next'])
  assert.deepEqual(await statesOf('claims'), ['current', 'next'])
  assert.deepEqual(await statesOf('receipts'), ['current', 'next'])
  assert.deepEqual(
    (await inventory()).purposes.map(({ withArn }) => withArn),
    [false, undefined],
  )
  assert.isDefined(local.url)
})

test('list says of each key since when, until when, and what comes next', async () => {
  const rows = json(await world.done('list', ...of, '--every', 'P3M', '--json'))
  assert.lengthOf(rows, 4)
  const [current, next] = rows
  assert.equal(current.alias, 'alias/claims')
  assert.equal(current.step.kind, 'activate')
  assert.equal(current.until, current.step.notBefore)
  assert.isAbove(new Date(current.until).getTime(), Date.now() + 80 * day)
  assert.equal(next.thumbprint.length, 43)
  const words = (await world.done('list', ...of)).out.toString()
  assert.include(words, 'claims  is sealed to, alias/claims\n  current   ')
  assert.include(words, 'receipts  signs, alias/receipts\n')
  assert.include(words, 'then activate: the current key is in use since')
})

test('publish writes history, signed set and plain set, after a dry run that wrote nothing', async () => {
  const { done, at, text, inventory } = world
  const names = ['public/history.jwt', 'public/jwks.jwt', 'public/jwks.json']
  const dry = json(await done(...publish, '--dry-run', '--json'))
  assert.deepEqual(
    dry.map(({ place, replaces, keys }) => [place, replaces, keys]),
    [
      [names[0], false, 2],
      [names[1], false, 3],
      [names[2], false, 3],
    ],
  )
  assert.isFalse(existsSync(at('public')))
  const written = json(await done(...publish, '--json'))
  assert.deepEqual(
    written.map(({ place, type, cacheControl }) => [place, type, cacheControl]),
    [
      [names[0], 'application/jwk-set+jwt', 'public, max-age=300'],
      [names[1], 'application/jwk-set+jwt', 'public, max-age=300'],
      [names[2], 'application/jwk-set+json', 'public, max-age=300'],
    ],
  )
  assert.sameMembers(readdirSync(at('public')), ['history.jwt', 'jwks.jwt', 'jwks.json'])
  const { counter } = await inventory()
  for (const [name, sub] of [
    ['history.jwt', 'history'],
    ['jwks.jwt', 'default'],
  ]) {
    const claims = claimsOf(text(`public/${name}`))
    assert.deepEqual([claims.sub, claims.ver], [sub, counter])
  }
  const again = json(await done(...publish, '--dry-run', '--json'))
  assert.isTrue(again.every(({ replaces }) => replaces))
})

test('what was published is sealed to, by its root and by a recipient file', async () => {
  const { at, run, done, keyIn } = world
  const { thumbprint } = await keyIn('claims', 'current')
  const trust = ['--root', 'root.json']
  const show = ['show', ...of, 'claims', '--as', 'recipient']
  const made = await done(...show, '--url', `${url}/jwks.jwt`, ...trust)
  writeFileSync(at('recipient.json'), made.out)
  const pins = await done(...show, '--url', `${url}/jwks.json`)
  writeFileSync(at('pins.json'), pins.out)
  for (const recipient of [
    ['-r', `${url}/jwks.jwt`, ...trust],
    ['-r', 'pins.json'],
    ['-r', 'recipient.json'],
  ]) {
    const sealed = await run(['seal', ...recipient, '-c', 'claim=7'], { input: 'a claim' })
    assert.equal(sealed.code, 0, sealed.err)
    assert.include(sealed.err, thumbprint)
    writeFileSync(at('old.sealed'), sealed.out)
  }
  const listed = await done('list', `${url}/jwks.jwt`, ...trust, '--json')
  assert.include(
    json(listed).map((key) => key.thumbprint),
    thumbprint,
  )
  const shown = await done('show', `${url}/jwks.jwt`, ...trust, '--as', 'pin')
  assert.equal(shown.out.toString(), `${thumbprint}\n`)
})

test('a rotation that is due brings the next key into use, and the old file still opens', async () => {
  const { clock, done, keyIn, text } = world
  const [old, next] = [await keyIn('claims', 'current'), await keyIn('claims', 'next')]
  const early = await done('rotate', ...of, '--every', 'P3M')
  assert.deepEqual(early.lines[0], 'nothing is due')
  clock.ahead += 100 * day
  const dry = await done('rotate', ...of, '--every', 'P3M', '--dry-run')
  assert.match(dry.out.toString(), /^planned .* bring the next key into use for claims: /m)
  assert.equal((await keyIn('claims', 'current')).thumbprint, old.thumbprint)
  const rotated = await done('rotate', ...of, '--every', 'P3M')
  assert.match(rotated.err, /^planned .*\n/)
  assert.match(rotated.out.toString(), /^done {5}.* bring the next key into use for claims: /m)
  assert.equal((await keyIn('claims', 'current')).thumbprint, next.thumbprint)
  assert.deepEqual(await statesOf('claims'), ['retired', 'current', 'next'])
  await done(...publish)
  const kids = claimsOf(text('public/jwks.jwt')).keys.map(({ kid }) => kid)
  assert.includeMembers(kids, [old.thumbprint, next.thumbprint])
  clock.ahead += 20 * minute
  const moved = await done('rotate', ...of, '--every', 'P3M')
  assert.match(moved.out.toString(), /^done {5}.* move the alias of claims: /m)
  const opened = await openOld()
  assert.deepEqual([opened.code, opened.out.toString()], [0, 'a claim'], opened.err)
})

test('a retired key is kept until a date, and is disabled only after it, with its thumbprint', async () => {
  const { clock, done, refused, keyIn } = world
  const { thumbprint: old } = await keyIn('claims', 'retired')
  await refused(
    2,
    /may be sealed to until/,
    'retire',
    ...of,
    '--keep-until',
    '2026-01-01',
    '--disable',
    old,
  )
  const kept = new Date(Date.now() + clock.ahead + 5 * day).toISOString()
  const dry = await done('retire', ...of, '--keep-until', kept, '--dry-run', old)
  assert.match(dry.out.toString(), /used last at .*\(DeriveSharedSecret\)\nNothing was done\.\n$/)
  assert.isUndefined((await keyIn('claims', 'retired')).keepUntil)
  const told = json(await done('retire', ...of, '--keep-until', kept, '--json', old))
  assert.deepEqual([told[0].action, told[0].keepUntil], ['retire', kept])
  assert.equal((await keyIn('claims', 'retired')).keepUntil, kept)
  await refused(2, /it is kept until/, 'retire', ...of, '--disable', old)
  clock.ahead += 6 * day
  await done('retire', ...of, '--disable', '--dry-run', old)
  await refused(2, /nothing was done.*\n?.*--confirm/, 'retire', ...of, '--disable', old)
  await refused(2, /--confirm: it is not/, 'retire', ...of, '--disable', '--confirm', 'x', old)
  assert.equal((await openOld()).code, 0, 'nothing was disabled')
  const { out } = await done('retire', ...of, '--disable', '--confirm', old, old)
  assert.equal(out.toString(), 'It is disabled.\n')
  const opened = await openOld()
  assert.deepEqual([opened.code, opened.out.length], [4, 0], opened.err)
})

test('a disabled key is deleted with its thumbprint only, and comes back until that is final', async () => {
  const { clock, done, refused, keyIn } = world
  const { thumbprint: old } = await keyIn('claims', 'disabled')
  const dry = await done('delete', ...of, '--dry-run', old)
  assert.match(dry.out.toString(), /nobody can read any more: everything that was sealed to/)
  await refused(2, /no terminal/, 'delete', ...of, old)
  const other = (await keyIn('claims', 'current')).thumbprint
  await refused(2, /--confirm: it is not/, 'delete', ...of, '--confirm', other, old)
  await refused(
    2,
    /--days: expected 7 to 30/,
    'delete',
    ...of,
    '--days',
    '6',
    '--confirm',
    old,
    old,
  )
  await refused(2, /keys retire --disable comes first/, 'delete', ...of, '--confirm', other, other)
  assert.equal((await keyIn('claims', 'disabled')).thumbprint, old, 'nothing was done')
  const [told] = json(await done('delete', ...of, '--days', '7', '--confirm', old, '--json', old))
  const left = new Date(told.deletes).getTime() - Date.now() - clock.ahead
  assert.closeTo(left, 7 * day, 10 * minute)
  assert.equal((await keyIn('claims', 'deleting')).deletes, told.deletes)
  await done('restore', ...of, '--dry-run', old)
  assert.equal((await keyIn('claims', 'deleting')).thumbprint, old)
  await done('restore', ...of, old)
  assert.equal((await keyIn('claims', 'retired')).thumbprint, old)
  const opened = await openOld()
  assert.deepEqual([opened.code, opened.out.toString()], [0, 'a claim'], opened.err)
  await refused(2, /there is nothing to bring back/, 'restore', ...of, old)
})

test('revoke puts the next key in the place of one that is compromised, at once', async () => {
  const { done, refused, keyIn, text } = world
  const [current, next] = [await keyIn('receipts', 'current'), await keyIn('receipts', 'next')]
  const how = [...of, '--reason', 'compromised']
  const dry = json(await done('revoke', ...how, '--dry-run', '--json', current.thumbprint))
  assert.deepEqual([dry[0].replacedBy, dry[0].dryRun], [next.thumbprint, true])
  await refused(2, /no terminal/, 'revoke', ...how, current.thumbprint)
  assert.equal((await keyIn('receipts', 'current')).thumbprint, current.thumbprint)
  await done('revoke', ...how, '--confirm', current.thumbprint, current.thumbprint)
  assert.equal((await keyIn('receipts', 'current')).thumbprint, next.thumbprint)
  await done(...publish)
  const row = claimsOf(text('public/history.jwt')).keys.find(
    ({ kid }) => kid === current.thumbprint,
  )
  assert.equal(row.revoked.reason, 'compromised')
  const words = (await done('list', ...of)).out.toString()
  assert.match(words, /taken back from .* on: compromised/)
  const again = ['--confirm', next.thumbprint, next.thumbprint]
  await refused(4, /sealdrop keys rotate makes one/, 'revoke', ...how, ...again)
})
