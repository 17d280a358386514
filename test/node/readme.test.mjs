// README.md: it is short, its blocks of code run, and what it links is in the package.
import test from 'node:test'
import { assert } from 'chai'
import * as jose from 'jose'
import {
  assertImports,
  assertLinks,
  assertParse,
  documentAt,
  firstSentence,
  runModule,
} from '../support/documents.mjs'
import { publicJwk } from '../support/host.js'

const document = documentAt('README.md')
const { text: readme } = document

test('every block of code parses', () => assertParse(document.code, 3))

test('every name that is imported exists', async () => {
  await assertImports(document, 10)
})

test('every file that is linked is there and is packed, and there is no other picture', () => {
  assertLinks(document)
  const packed = /^(docs\/([\w-]+\/)?[\w-]+\.md|docs\/[\w-]+\.svg|[A-Z]+\.md|LICENSE|NOTICE)$/
  for (const [, path] of readme.matchAll(/\]\(([^)#]+)/g)) assert.match(path, packed)
})

test('it is short, and so are its blocks and its first sentence', () => {
  assert.isAtMost(readme.split(/\s+/).filter(Boolean).length, 1_400, 'words')
  assert.isAtMost(readme.split('\n').length, 180, 'lines')
  assert.isAtMost(firstSentence(readme).split(/\s+/).length, 25, 'words of the first sentence')
  for (const { code } of document.blocks) {
    const lines = code.trimEnd().split('\n')
    assert.isAtMost(lines.length, 12, code)
    for (const line of lines) assert.isAtMost(line.length, 100, line)
  }
})

test('the first screen has both commands', () => {
  const first = readme.split('\n## ')[0]
  for (const command of ['npm ci && npm start', 'npm ci && npm test'])
    assert.include(first, command)
})

test('the backend of the first screen does its job with the AWS default chain', async () => {
  const [, backend] = document.code
  assert.match(backend, /createOpener/)
  const { startLocalKms } = await import('sealdrop/local-kms')
  const local = await startLocalKms({
    keys: [{ alias: 'alias/claims', spec: 'RSA_3072', usage: 'ENCRYPT_DECRYPT' }],
  })
  const driver = `
    import { importKeySet, inHand, seal } from 'sealdrop'
    if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
    const set = await (await fetch('http://127.0.0.1:' + server.address().port)).text()
    server.close()
    console.log(JSON.stringify(await claim(await seal(importKeySet(set, { trust: inHand() }), { iban: 'DE02' }, { context: { form: 'claim' } }))))`
  const code = backend.replace('listen(8000,', 'listen(0,')
  const { output } = await runModule(code + driver, { env: local.env })
  await local.close()
  assert.include(output, '{"iban":"DE02"}')
})

test('the test without AWS prints what it sealed', async () => {
  const [, , withoutAws] = document.code
  assert.match(withoutAws, /startLocalKms/)
  const { status, output } = await runModule(withoutAws)
  assert.equal(status, 0, output)
  assert.equal(output.trim(), 'hello')
})

test('the page sends what it sealed', async () => {
  const [page] = document.code
  const jwk = publicJwk('P-256-enc')
  const pin = await jose.calculateJwkThumbprint(jwk)
  const host = `
    globalThis.fetch = async (url, { method, body } = {}) => {
      if (method === 'POST') console.log(url, body.split('.').length)
      return new Response(${JSON.stringify(JSON.stringify({ keys: [jwk] }))})
    }
  `
  const driver = "\nawait send({ iban: 'DE02' })"
  const code = page.replace('tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc', pin)
  const { status, output } = await runModule(host + code + driver)
  assert.equal(status, 0, output)
  assert.equal(output.trim(), '/claims 5')
})
