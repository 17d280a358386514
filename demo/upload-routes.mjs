// The routes of files: announced, sent in parts, closed with a receipt, opened on demand.
import { bodyLimit } from 'hono/body-limit'
import { refusal } from './refusal.mjs'
import { withOneBitChanged } from './changed-source.mjs'

// No form and no simple request can have these types. Browsers ask first, and other origins never
// get a yes.
const partType = 'application/vnd.sealdrop.part'
const jsonType = 'application/vnd.sealdrop.upload+json'
const file = '/api/files/:id'

/**
 * `answer` runs the work of a request with a counter of KMS calls, and turns what it throws into an
 * answer.
 */
export function addUploadRoutes(app, { companion, uploads, answer, refuse }) {
  const json = jsonOnly(refuse)
  addArrival(app, { companion, uploads, answer, json })
  addOpening(app, { companion, uploads, answer, json })
  app.delete(file, (c) =>
    answer(c, async () => {
      await uploads.remove(c.req.param('id'))
      return {}
    }),
  )
}

const jsonOnly = (refuse) => [
  bodyLimit({
    maxSize: 1024,
    onError: (c) => refuse(c, refusal('too_large', 'body: expected at most 1024 bytes')),
  }),
  async (c, next) =>
    c.req.header('content-type') === jsonType
      ? next()
      : refuse(c, refusal('unsupported_type', `content-type: expected ${jsonType}`)),
]

function addArrival(app, { companion, uploads, answer, json }) {
  app.get(file, (c) => answer(c, () => uploads.state(c.req.param('id'))))

  app.put(file, ...json, (c) =>
    answer(c, async () => {
      const { length } = await c.req.json().catch(() => ({}))
      return uploads.begin(c.req.param('id'), length)
    }),
  )

  app.put(`${file}/:offset`, (c) =>
    answer(c, async () => {
      const { id, offset } = c.req.param()
      if (c.req.header('content-type') !== partType)
        throw refusal('unsupported_type', `content-type: expected ${partType}`)
      if (!/^(0|[1-9]\d{0,14})$/.test(offset))
        throw refusal('invalid_argument', 'offset: expected a number')
      const length = Number(c.req.header('content-length') ?? NaN)
      await uploads.put(id, Number(offset), length, c.req.raw.body ?? [])
      c.set('quiet', true) // a large file would fill the log with its parts
      return {}
    }),
  )

  app.post(`${file}/receipt`, ...json, (c) =>
    answer(c, async (counter) => {
      const id = c.req.param('id')
      const { facts } = await uploads.finish(id, (path) => companion.examine(path, id))
      return companion.receiveFile(facts, counter)
    }),
  )
}

function addOpening(app, { companion, uploads, answer, json }) {
  const opening = new Set()
  const open = (change) => (c) =>
    answer(c, async (counter) => {
      const id = c.req.param('id')
      if (opening.has(id)) throw refusal('conflict', 'This file is being opened already')
      opening.add(id)
      try {
        return await companion.openFile(await uploads.stored(id), counter, {
          signal: c.req.raw.signal,
          change,
        })
      } finally {
        opening.delete(id)
      }
    })
  app.post(`${file}/open`, ...json, open())
  app.post(`${file}/open-changed`, ...json, open(withOneBitChanged))
}
