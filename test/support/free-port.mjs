import { once } from 'node:events'
import { createServer } from 'node:net'

/** A port of the loopback that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen')
  server.close()
  await once(server, 'close')
  return address.port
}
