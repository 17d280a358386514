// The README's code: every block is JavaScript, and names only what the doors have.
import test from 'node:test'
import { readFileSync } from 'node:fs'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import {
  assertImports,
  assertLinks,
  assertParse,
  documentAt,
  root,
  runModule,
} from '../support/documents.mjs'

const document = documentAt('README.md')
const { text: readme } = document
const html = [...readme.matchAll(/<script type="module">\n([\s\S]*?)<\/script>/g)].map(
  ([, code]) => code,
)

test('every block of code parses', () => assertParse([...document.code, ...html], 6))

test('every name that is imported exists', async () => {
  await assertImports(document, 15)
  for (const [, list] of readme.matchAll(/const \{ ([\w, ]+) \} = sealdrop/g))
    for (const name of list.split(', ')) assert.property(await import('sealdrop'), name)
})

test('every error code stands in the table, and every file that is linked is there', () => {
  const source = readFileSync(new URL('src/errors/sealdrop-error.ts', root), 'utf8')
  const codes = [...source.matchAll(/'([a-z]+_?[a-z_]*)'/g)].map(([, code]) => code)
  assert.isAtLeast(codes.length, 25)
  for (const code of codes) assert.include(readme, `\`${code}\``)
  assertLinks(document)
})

test('the first screen has both commands', () => {
  const first = readme.split('\n## ')[0]
  for (const command of ['npm ci && npm start', 'npm ci && npm test'])
    assert.include(first, command)
})

test('the backend of the first screen does its job with the AWS default chain', async () => {
  const [, backend] = document.code
  assert.match(backend, /createOpener/)
  const local = await startLocalKms({
    keys: [{ alias: 'alias/claims', spec: 'RSA_3072', usage: 'ENCRYPT_DECRYPT' }],
  })
  const driver = `
    import { importKeySet, inHand, seal } from 'sealdrop'
    const set = await (await jwks(new Request('https://example.com/'))).text()
    const keys = importKeySet(set, { trust: inHand() })
    const sealed = await seal(keys, { iban: 'DE02' }, { context: { form: 'claim' } })
    console.log(JSON.stringify(await claim(sealed)))`
  const { output } = await runModule(backend + driver, { env: local.env })
  await local.close()
  assert.include(output, '{"iban":"DE02"}')
})

test('the policies of "Who may do what" let a role in as the README says', async () => {
  const { status, output } = await runModule(
    document.code.find((block) => block.includes('joinPolicies')),
  )
  assert.equal(status, 0, output)
  const { Statement } = JSON.parse(output)
  assert.deepEqual(Statement.find(({ Sid }) => Sid === 'OpenerDecrypt').Principal.AWS, [
    'arn:aws:iam::111122223333:role/Claims',
    'arn:aws:iam::444455556666:role/Claims',
  ])
  assert.isUndefined(
    Statement.find(({ Sid }) => Sid === 'OpenerAgree'),
    'by algs',
  )
})
