// What may happen to an upload. Each row puts itself into the world; `at` is a part, from 1, and `ms`
// a moment after it. It tells how often parts under way may have been lost by it.
import { setTimeout as sleep } from 'node:timers/promises'

/** Parts of 8 MiB that are sent side by side where nobody says otherwise. */
export const lanes = 3
/** One more URL is signed ahead. */
const signedAhead = lanes + 1
const never = () => new Promise(() => {})

const isOld = (url) => {
  const [day, time] = new URL(url, 'http://localhost').searchParams.get('X-Amz-Date').split('T')
  const [, ...numbers] = /(....)(..)(..)(..)(..)(..)/.exec(`${day}${time}`)
  const [year, month, ...others] = numbers.map(Number)
  return Date.UTC(year, month - 1, ...others) < Date.now() - 900_000
}

/** Whoever sends is ended where it says that it is at this point for the `at`-th time. */
const atPoint =
  (point) =>
  ({ world, at, end }) => {
    let times = 0
    world.pages.atPoint = async (told) => {
      if (told !== point || ++times !== at) return
      void end()
      await never()
    }
    return { again: lanes, killed: true }
  }

/**
 * Does something once, when the `at`-th part comes and `ms` have passed.
 *
 * What comes behind the next part waits for that, so that there is something left to do.
 */
const once =
  (again, work) =>
  ({ world, at, ms, ...o }) => {
    const { store } = world
    const moment = Promise.withResolvers()
    store.before = async (put) => {
      const place = store.puts.indexOf(put) + 1
      if (place === at)
        void sleep(ms)
          .then(() => work({ world, ...o }))
          .then(moment.resolve, moment.reject)
      await (place > at + 1 ? moment.promise : sleep(120))
    }
    return { again, killed: work === ended }
  }

const ended = ({ end }) => end()

/** A network that is away for a moment. */
async function cut({ world: { store } }) {
  store.isDown = true
  store.cut()
  await sleep(400)
  store.isDown = false
}

/** Nobody can connect while it starts. */
async function restarted({ world: { store }, server }) {
  store.isDown = true
  await server.restart()
  store.cut()
  store.isDown = false
}

export const faults = {
  'its process or tab is killed': once(lanes, ended),
  'the network is cut': once(lanes, cut),
  'S3 is restarted': once(lanes, restarted),
  'URLs have expired': ({ world, at }) => {
    const { store, clock } = world
    // parts are left whose URLs are not signed ahead, also where two parts come at once
    const from = Math.min(at, 2)
    let isSet = false
    store.before = async ({ url }) => {
      // what the handler signs from now on is 20 minutes old, until such a URL is sent to
      if (!isSet && store.puts.length >= from) {
        isSet = true
        clock.behind = 1_200_000
      }
      if (isOld(url)) clock.behind = 0
    }
    // an answer that comes before the part was read may look like a lost connection, and two are
    return { again: 2 * signedAhead, isExpected: (puts) => puts.some(({ url }) => isOld(url)) }
  },
  'S3 answers 5xx, before and after it stored a part': ({ world, at }) => {
    const { store } = world
    let [came, stored] = [0, 0]
    store.before = async () => (++came === at ? { status: 503, code: 'SlowDown' } : undefined)
    store.after = async () =>
      ++stored === at + 1 ? { status: 500, code: 'InternalError' } : undefined
    const isExpected = (puts) =>
      [503, 500].every((status) => puts.some((put) => put.instead === status))
    return { again: lanes, isExpected }
  },
  'killed when the tags of a part are durable, and its row is not': atPoint('tags are durable'),
  'killed when a part has its row, and was not sent': atPoint('the part has its row'),
  'killed when S3 stored a part, and nobody heard of it': ({ world, at, end }) => {
    const { store } = world
    let times = 0
    store.after = async () => {
      if (++times !== at) return
      void end()
      await never()
    }
    return { again: lanes, killed: true }
  },
  'killed when the end was answered, and the record is there': ({ world, end }) =>
    atPoint('the end was answered')({ world, at: 1, end }),
}
