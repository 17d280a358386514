import { createServer } from 'node:net'
import { portOf } from './listen.mjs'

/** A port of the loopback that nobody listens on. */
export async function freePort() {
  const server = createServer()
  const port = await portOf(server)
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return port
}
