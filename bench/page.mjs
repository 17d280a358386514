// What the driver runs in a browser.
import * as jose from 'jose'
import * as door from 'sealdrop'
import { mlDsa } from 'sealdrop/ml-dsa'
import * as rooms from '../test/support/rooms.js'
import { benchVerification } from './signatures.mjs'
import { peers, peerContenders } from './stream-peers.mjs'
import {
  bareSeal,
  benchFrames,
  benchStreams,
  benchTasks,
  drain,
  freeSource,
  freeStream,
  mib,
  sealdrop,
} from './streams.mjs'
import { benchValues } from './values.mjs'

const parts = { door, mlDsa, rooms, jose }

/** By contender, a function that takes a size and answers warm work of this size. */
const works = {
  frames: async (size) => {
    await bareSeal(mib)
    return () => bareSeal(size)
  },
  ...Object.fromEntries(
    Object.entries({ sealStream: {}, 'sealStream, digest: false': { digest: false } }).map(
      ([name, o]) => [
        name,
        async (size) => {
          const { seal } = await sealdrop(parts)
          await drain(await seal(freeSource(mib), o))
          return async () => drain(await seal(freeSource(size), o))
        },
      ],
    ),
  ),
  // the message is sealed meanwhile, since a Blob of 1 GiB is more than the storage of Chromium
  // takes: so the figure has both
  openStream: async (size) => {
    const { seal, open } = await sealdrop(parts)
    const work = async (bytes) =>
      drain(await open(await seal(freeSource(bytes), { digest: false })))
    await work(mib)
    return () => work(size)
  },
  ...Object.fromEntries(
    Object.entries(peers).map(([name, make]) => [
      name,
      async (size) => {
        const peer = await make()
        await drain(await peer.seal(freeStream(mib)))
        return async () => drain(await peer.seal(freeStream(size)))
      },
    ]),
  ),
}

globalThis.bench = {
  values: () => benchValues(parts),
  verification: () => benchVerification(parts),
  streams: (o) => benchStreams({ ...parts, peerContenders, ...o }),
  frames: () => benchFrames(parts),
  tasks: () => benchTasks(parts),
  prepare: async (name, size) => {
    globalThis.bench.work = await works[name](size)
  },
}
