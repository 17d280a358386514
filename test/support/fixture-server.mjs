// A key-set host that does everything wrong over real HTTP. Node and browsers fetch from it.
import { createServer } from 'node:http'
import { keySetOf, publicJwk } from './host.js'
import { portOf } from './listen.mjs'

const good = keySetOf(publicJwk('RSA-2048-enc'), publicJwk('P-256-sig', { alg: 'ES256' }))
/** A set as an identity provider publishes it: its keys name no algorithm. */
const provider = keySetOf(
  publicJwk('RSA-2048-sig', { kid: 'first', x5t: 'first', issuer: 'https://issuer.example' }),
  publicJwk('RSA-3072-sig', { kid: 'second', x5t: 'second', x5c: ['MIIC'], made: 1e15 }),
)
const json = { 'content-type': 'application/jwk-set+json' }

/**
 * By path, what the host answers. It keeps no state, since pages that run side by side share it.
 */
const routes = {
  good: (res) => res.writeHead(200, { ...json, 'cache-control': 'no-cache' }).end(good),
  provider: (res) => res.writeHead(200, json).end(provider),
  missing: (res) => res.writeHead(404, json).end(good),
  broken: (res) => res.writeHead(500).end('oops'),
  busy: (res) => res.writeHead(429).end(),
  redirect: (res) => res.writeHead(302, { location: 'good' }).end(),
  html: (res) =>
    res.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Log in</title>'),
  empty: (res) => res.writeHead(200, json).end(),
  text: (res) => res.writeHead(200, json).end('not JSON at all'),
  big: (res) => res.writeHead(200, json).end(good.padEnd(65_537)),
  atLimit: (res) => res.writeHead(200, json).end(good.padEnd(65_536)),
  silent: () => {},
  endless: (res) => {
    res.writeHead(200, json)
    res.write('{"keys":[')
    const drip = setInterval(() => res.write(' '), 20)
    res.on('close', () => clearInterval(drip))
  },
}

/** Answers a request below /fixture/, as a plain node:http listener. */
export function fixtureListener() {
  return (req, res) => {
    const name = new URL(req.url, 'http://localhost').pathname.replace(/^\/fixture\//, '')
    res.setHeader('access-control-allow-origin', '*')
    const route = Object.hasOwn(routes, name) ? routes[name] : routes.missing
    return route(res)
  }
}

export async function startFixture() {
  const server = createServer(fixtureListener())
  const port = await portOf(server)
  return {
    url: `http://127.0.0.1:${port}/fixture/`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
