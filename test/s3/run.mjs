// npm run test:s3: the protocol of uploads against an S3 that we did not write (versitygw).
import test, { after, before } from 'node:test'
import { assert } from 'chai'
import { startVersitygw } from '../support/versitygw.mjs'
import { completeContract } from './contract-complete.mjs'
import { partsContract } from './contract-parts.mjs'
import { verbsContract } from './contract-verbs.mjs'
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
  server = await startVersitygw()
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

for (const contract of [
  verbsContract,
  partsContract,
  completeContract,
  objectsSuite,
  doctorSuite,
  linksSuite,
  linkUploadsSuite,
])
  contract({ test, assert, world })
