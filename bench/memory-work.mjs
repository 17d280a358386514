// What memory.mjs runs in Node in a process of its own. A message that is opened is in a file, not
// in memory.
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import * as jose from 'jose'
import * as door from 'sealdrop'
import { fileSource } from 'sealdrop/fs'
import * as rooms from '../test/support/rooms.js'
import { peers } from './stream-peers.mjs'
import { bareSeal, drain, freeSource, freeStream, mib, sealdrop } from './streams.mjs'

/** Writes a stream to a file, whose pages are not the process's memory. */
async function toFile(readable, file) {
  const out = createWriteStream(file)
  for await (const chunk of readable) if (!out.write(chunk)) await once(out, 'drain')
  out.end()
  await once(out, 'close')
}

/**
 * The work through a given number of bytes. `file` is where a message is written to or opened from.
 */
async function workOf(what, file) {
  if (what === 'frames') return bareSeal
  if (peers[what]) {
    const peer = await peers[what]()
    return async (size) => drain(await peer.seal(freeStream(size)))
  }
  const { seal, open } = await sealdrop({ door, rooms, jose })
  const works = {
    sealStream: async (size) => drain(await seal(freeSource(size))),
    'sealStream, digest: false': async (size) =>
      drain(await seal(freeSource(size), { digest: false })),
    message: async (size) => toFile(await seal(freeSource(size)), file),
    openStream: async () => drain(await open(await fileSource(file))),
  }
  return works[what]
}

/** @returns what runs it, warm */
export async function prepare(what, size, file) {
  const work = await workOf(what, file)
  if (what !== 'openStream') await work(mib)
  else {
    const { seal, open } = await sealdrop({ door, rooms, jose })
    await drain(await open(await seal(freeSource(mib))))
  }
  return () => work(size)
}
