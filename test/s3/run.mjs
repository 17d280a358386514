// npm run test:s3: the protocol of uploads against an S3 that we did not write (versitygw). The rows
// of the contract are also asked of the demo's own S3, which must answer the same.
import test, { after, before } from 'node:test'
import { assert } from 'chai'
import { startDemoS3 } from '../support/demo-s3.mjs'
import { startVersitygw } from '../support/versitygw.mjs'
import { completeContract } from './contract-complete.mjs'
import { partsContract } from './contract-parts.mjs'
import { storeContract } from './contract-store.mjs'
import { verbsContract } from './contract-verbs.mjs'
import { demoFlagSuite } from './demo-flag.mjs'
import { doctorSuite } from './doctor.mjs'
import { linkUploadsSuite } from './link-uploads.mjs'
import { linksSuite } from './links.mjs'
import { objectsSuite } from './objects.mjs'
import { pagesSuite } from './pages.mjs'
import { sizesSuite } from './sizes.mjs'
import { uploadsSuite } from './uploads.mjs'
import { makeWorld } from './world.mjs'

let server, made
const world = () => made
const uploads = uploadsSuite({ test, assert, world })
const pages = pagesSuite({ test, assert, world })
const sizes = sizesSuite({ test, assert, world })
before(async () => {
  server = await (process.env.SEALDROP_S3 === 'demo' ? startDemoS3() : startVersitygw())
  made = await makeWorld(server.config)
  await uploads.start()
  await pages.start()
  await sizes.start()
})
after(async () => {
  await sizes.stop()
  await pages.stop()
  await uploads.stop()
  made?.close()
  server?.close()
})

const rows = [
  verbsContract,
  partsContract,
  completeContract,
  storeContract,
  objectsSuite,
  doctorSuite,
]
for (const contract of [...rows, linksSuite, linkUploadsSuite, demoFlagSuite])
  contract({ test, assert, world })

let demoServer, demoWorld
before(async () => {
  demoServer = await startDemoS3()
  demoWorld = await makeWorld(demoServer.config)
})
after(() => {
  demoWorld?.close()
  demoServer?.close()
})
const onDemo = /** @type {any} */ ((name, ...rest) => test(`demo/s3: ${String(name)}`, ...rest))
for (const contract of rows) contract({ test: onDemo, assert, world: () => demoWorld })
