// What `npm test` runs in which host: one job for each test file.
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { otherNode } from '../support/other-node.mjs'

const inNode = ['test/{local-kms,cli,node,docs}/*.test.mjs']
const onOldest = [
  'test/local-kms/*.test.mjs',
  'test/cli/*.test.mjs',
  'test/node/{suites,main-path,kms-faults,publisher,data-key-cache,serve,fs,file-records,file-records-holders,stream-files,stream-files-failures,stream-mutants,source-mutants,http-source,given-up,large-files,sign-file,sign-file-refusals,every-signature,history,jose-keys,key-objects,age,age-failover,age-faults,age-plugin,age-recipients,tus,no-warnings,shutdown,open-many,open-many-files}.test.mjs',
]
/** The tests of which `npm test` and the other stages do a part only. */
const long = [
  'test/age/{foreign,plugin}.test.mjs',
  'test/cli/{kills,keys-kills}.test.mjs',
  'test/node/{local-kms-kill,ten-years,every-bit,large-files,rotation-crashes,suites}.test.mjs',
  'test/browser/{kills,large-blob}.test.mjs',
  'test/{s3,s3/kills,tus}/run.mjs',
  'test/stores/shared-budget.mjs',
]
export const hostNames = ['check', 'Node 24', 'Node 20', 'Chromium', 'workerd', 'pages']

const browserRunner = fileURLToPath(
  new URL('../../node_modules/@web/test-runner/dist/bin.js', import.meta.url),
)

/** A job for each file that these patterns find. */
const files = (host, node, patterns) =>
  globSync(patterns)
    .sort()
    .map((name) => ({ host, name, command: [node, '--test-reporter=tap', name] }))

/** Each file has a browser of its own, so that the others need not wait for it. */
const inChromium = () =>
  globSync('test/browser/*.test.js')
    .sort()
    .map((name) => ({
      host: 'Chromium',
      name,
      command: [process.execPath, browserRunner, '--files', name],
    }))

/**
 * The jobs of each host by its name. A host that this machine does not have has a reason instead.
 */
export function hostJobs() {
  const oldest = otherNode()
  const node = process.execPath
  return {
    check: [{ host: 'check', name: 'npm run check', command: [node, 'tools/check.mjs'] }],
    'Node 24': files('Node 24', node, inNode),
    'Node 20': oldest
      ? files('Node 20', oldest.path, onOldest)
      : 'there is no Node 20 to 23 on the PATH beside that of npm scripts',
    Chromium: inChromium(),
    workerd: files('workerd', node, ['test/workerd/*.test.mjs']),
    pages: files('pages', node, ['test/{browser,demo,examples}/*.test.mjs']),
  }
}

/** Hosts that a run without options leaves out, and why. */
export const leftOut = { 'Node 20': 'npm test -- --all runs it, and so does .ci/run' }

/** Programs that end with one sum of counts, and do a part only outside of the soak. */
const programs = [
  'test/interop/run.mjs',
  'test/interop/values/run.mjs',
  'test/interop/pages/rust.mjs',
]

/** The long tests, whole. */
export const soakJobs = () => ({
  soak: [
    ...files('soak', process.execPath, long),
    ...programs.map((name) => ({ host: 'soak', name, command: [process.execPath, name] })),
  ],
})
