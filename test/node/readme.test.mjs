// The README's code: every block is JavaScript, and names only what the doors have.
import test from 'node:test'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { assert } from 'chai'

const root = new URL('../../', import.meta.url)
const readme = readFileSync(new URL('README.md', root), 'utf8')
const blocks = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code)
const html = [...readme.matchAll(/<script type="module">\n([\s\S]*?)<\/script>/g)].map(([, code]) => code)

test('every block of code parses', () => {
  assert.isAtLeast(blocks.length, 6)
  for (const code of [...blocks, ...html]) {
    const { status, stderr } = spawnSync(process.execPath, ['--check', '--input-type=module', '-'], { input: code, encoding: 'utf8' })
    assert.equal(status, 0, `${code}\n${stderr}`)
  }
})

test('every name that is imported exists', async () => {
  let names = 0
  for (const [, list, door] of readme.matchAll(/import \{ ([\w, ]+) \} from '(sealdrop[^']*)'/g)) {
    const exported = await import(door)
    for (const name of list.split(', ')) assert.property(exported, name, door)
    names += list.split(', ').length
  }
  for (const [, list] of readme.matchAll(/const \{ ([\w, ]+) \} = sealdrop/g)) for (const name of list.split(', ')) assert.property(await import('sealdrop'), name)
  assert.isAtLeast(names, 15)
})

test('every error code stands in the table, and every file that is linked is there', () => {
  const source = readFileSync(new URL('src/errors/sealdrop-error.ts', root), 'utf8')
  const codes = [...source.matchAll(/'([a-z]+_?[a-z_]*)'/g)].map(([, code]) => code)
  assert.isAtLeast(codes.length, 25)
  for (const code of codes) assert.include(readme, `\`${code}\``)
  for (const [, path] of readme.matchAll(/\]\(([\w./-]+)\)/g)) assert.isTrue(existsSync(new URL(path, root)), path)
})

test('the first screen has both commands', () => {
  const first = readme.split('\n## ')[0]
  for (const command of ['npm ci && npm start', 'npm ci && npm test']) assert.include(first, command)
})

test('the backend of the first screen does its job with the AWS default chain', async () => {
  const [, , backend] = [...readme.matchAll(/```(?:js|html)\n([\s\S]*?)```/g)].map(([, code]) => code)
  assert.match(backend, /createOpener/)
  const { startLocalKms } = await import('sealdrop/local-kms')
  const local = await startLocalKms({ keys: [{ alias: 'alias/claims', spec: 'RSA_3072', usage: 'ENCRYPT_DECRYPT' }] })
  const driver = `
    import { importKeySet, inHand, seal } from 'sealdrop'
    const set = await (await jwks(new Request('https://example.com/'))).text()
    console.log(JSON.stringify(await claim(await seal(importKeySet(set, { trust: inHand() }), { iban: 'DE02' }, { context: { form: 'claim' } }))))`
  const { spawn } = await import('node:child_process')
  const child = spawn(process.execPath, ['--input-type=module', '-e', backend + driver], { cwd: new URL('.', root), env: { ...process.env, ...local.env } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += chunk })
  await new Promise((resolve) => child.on('close', resolve))
  await local.close()
  assert.include(output, '{"iban":"DE02"}')
})

test('the policies of "Who may do what" let a role in as the README says', async () => {
  const code = blocks.find((block) => block.includes('joinPolicies'))
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: new URL('.', root), encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  const { Statement } = JSON.parse(stdout)
  assert.deepEqual(Statement.find(({ Sid }) => Sid === 'OpenerDecrypt').Principal.AWS, ['arn:aws:iam::111122223333:role/Claims', 'arn:aws:iam::444455556666:role/Claims'])
  assert.isUndefined(Statement.find(({ Sid }) => Sid === 'OpenerAgree'), 'by algs')
})
