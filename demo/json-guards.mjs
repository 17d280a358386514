// What every route that takes JSON looks at first: how long the body is, and its type.
import { bodyLimit } from 'hono/body-limit'
import { refusal } from './refusal.mjs'

export const jsonGuards = ({ refuse, jsonType }) => [
  bodyLimit({
    maxSize: 1024,
    onError: (c) => refuse(c, refusal('too_large', 'body: expected at most 1024 bytes')),
  }),
  async (c, next) =>
    c.req.header('content-type') === jsonType
      ? next()
      : refuse(c, refusal('unsupported_type', `content-type: expected ${jsonType}`)),
]
