// The routes of files: the upload handler of `sealdrop/s3`, and the button that opens what arrived.
import { uploadHandler } from 'sealdrop/s3'
import { jsonGuards } from './json-guards.mjs'
import { prefix } from './bucket.mjs'
import { withOneBitChanged } from './changed-source.mjs'
import { isOfFile } from './companion.mjs'
import { refusal } from './refusal.mjs'

const MiB = 2 ** 20
// No form and no simple request can have this type. Browsers ask first, and other origins never get
// a yes.
const jsonType = 'application/vnd.sealdrop.demo+json'
/** Verbs that come many times for each file; a failure of theirs is logged. */
const frequent = ['sign', 'list', 'receipt']

/**
 * @param {object} o
 * @param {import('./bucket.mjs').Bucket} o.bucket
 * @param {ReturnType<typeof import('./inbox.mjs').createInbox>} o.inbox
 * @param {string[]} o.origins - of the demo's own pages
 * @param {number} [o.maxLength] - of a sealed file, in bytes
 * @param {(line: string) => void} o.log
 */
export function createUploads({ bucket, inbox, origins, log, maxLength = (16 * 1024 + 16) * MiB }) {
  const listeners = { receipt: inbox.asked, abort: inbox.aborted }
  const handler = uploadHandler({
    s3: bucket.s3,
    bucket: bucket.bucket,
    prefix,
    origins,
    secrets: [bucket.secret],
    maxLength,
    /** Anybody on this machine may send. A production server asks who it is, at every verb. */
    async authorize(asked) {
      if (asked.op === 'begin' && !isOfFile(asked.context)) return null
      return { subject: 'anybody', reserve: inbox.reserve, release: inbox.release }
    },
    onEvent({ op, status, code, key, reason }) {
      const tells = status === 200 && key && listeners[op ?? '']
      if (tells) tells(key)
      if (status === 200 && frequent.includes(op ?? '')) return
      log(['upload', op, key, status, code, reason].filter((word) => word !== undefined).join(' '))
    },
  })
  /** Also tells the inbox of what is whole, which no event says: some of it may be missing still. */
  return async (request) => {
    const response = await handler(request)
    const { done, key } = response.status === 200 ? await response.clone().json() : {}
    if (done === true) void inbox.arrived(key)
    return response
  }
}

/**
 * `answer` runs the work of a request with a counter of KMS calls, and turns what it throws into an
 * answer.
 */
export function addFileRoutes(app, { uploads, inbox, answer, refuse }) {
  app.all('/api/uploads', (c) => {
    c.set('quiet', true) // the handler's events say more
    return uploads(c.req.raw)
  })

  const guards = jsonGuards({ refuse, jsonType })
  const opening = new Set()
  const open = (change) => (c) =>
    answer(c, async (counter) => {
      const name = c.req.param('name')
      if (opening.has(name)) throw refusal('conflict', 'This file is being opened already')
      opening.add(name)
      try {
        return await inbox.open(name, counter, { signal: c.req.raw.signal, change })
      } finally {
        opening.delete(name)
      }
    })
  app.post('/api/files/:name/open', ...guards, open())
  app.post('/api/files/:name/open-changed', ...guards, open(withOneBitChanged))
}
