// sealdrop serve of age.txt: of an inventory, and of what keys publish wrote to a folder.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { ageRecipients } from 'sealdrop/age'
import { fileInventory } from 'sealdrop/kms'
import { sealdrop } from './helpers.mjs'
import { keysWorld } from './keys-helpers.mjs'

/** @type {Awaited<ReturnType<typeof keysWorld>>} */
let world
const of = ['--inventory', 'keys']
before(async () => {
  world = await keysWorld({ inProcess: true })
  const files = ['--purpose', 'files=ECC_NIST_P256:KEY_AGREEMENT', '--age']
  const receipts = ['--purpose', 'receipts=ECC_NIST_P256:SIGN_VERIFY']
  await world.done('init', ...of, ...files, ...receipts, '--without-arn')
  const signed = ['--root', 'alias/root', '--sign-with', 'receipts']
  await world.done('publish', ...of, ...signed, '--to', 'public')
})
after(() => world.close())

/** The command, and where it listens. */
async function serving(t, args) {
  const server = sealdrop(['serve', '--json', ...args], { cwd: world.folder, env: world.local.env })
  t.after(() => server.stop('SIGKILL'))
  await server.until(/^recipients of age: http.*\n/m)
  const [, base = ''] = /^key set: (http:\/\/.*:\d+)\//m.exec(server.err()) ?? []
  return { ...server, base }
}
const paths = ['/age.txt', '/.well-known/age.txt']

test('the recipients of an inventory are served, as the handler of the library does', async (t) => {
  const { base, err, stop } = await serving(t, [...of, '--max-age', '60'])
  const { recipients } = await ageRecipients(fileInventory(world.at('keys')))
  for (const path of paths) {
    const answer = await fetch(base + path)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
    assert.equal(answer.headers.get('cache-control'), 'public, max-age=60')
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.include((await answer.text()).split('\n'), recipients[0])
    const known = { 'if-none-match': answer.headers.get('etag') ?? '' }
    assert.equal((await fetch(base + path, { headers: known })).status, 304)
    const head = await fetch(base + path, { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
    assert.equal((await fetch(base + path, { method: 'POST' })).status, 405)
  }
  assert.equal((await fetch(`${base}/age.txt.sig`)).status, 404, 'an inventory signs nothing here')
  assert.include(err(), `recipients of age: ${base}/.well-known/age.txt\n`)
  const { out } = await stop()
  assert.deepInclude(JSON.parse(out).routes, {
    what: 'recipients of age',
    url: `${base}/.well-known/age.txt`,
  })
})

test('a folder is served with its signature, until its recipients are over', async (t) => {
  const { base, stop } = await serving(t, ['--from', 'public'])
  for (const [name, places] of Object.entries({
    'age.txt': paths,
    'age.txt.sig': ['/age.txt.sig', '/.well-known/age.txt.sig'],
  }))
    for (const path of places) {
      const answer = await fetch(base + path)
      assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
      assert.equal(await answer.text(), world.text(`public/${name}`))
    }
  await stop()
  const path = world.at('public/age.txt')
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace(/until 2\d{3}-/, 'until 2020-'))
  const old = await serving(t, ['--from', 'public'])
  for (const one of [...paths, '/age.txt.sig'])
    assert.equal((await fetch(old.base + one)).status, 503, one)
  assert.equal((await fetch(`${old.base}/jwks.json`)).status, 200)
  await old.stop()
  rmSync(path)
  const server = sealdrop(['serve', '--from', 'public'], { cwd: world.folder })
  t.after(() => server.stop('SIGKILL'))
  await server.until(/^history: http.*\n/m)
  const [, url = ''] = /^key set: (http:\/\/.*:\d+)\//m.exec(server.err()) ?? []
  for (const one of [...paths, '/age.txt.sig'])
    assert.equal((await fetch(url + one)).status, 404, one)
})
