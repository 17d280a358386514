// The publisher's page over HTTP: what there is, and what can be done. In production it must be
// behind a login, for few people.
import { isSealdropError } from 'sealdrop'
import { jsonGuards } from './json-guards.mjs'
import { refusal } from './refusal.mjs'

// No form and no simple request of another origin has this type. The request must also say where it
// comes from.
const jsonType = 'application/vnd.sealdrop.publisher+json'

/** `clock` is the demo's clock that can be moved. Without it there is no such route. */
export function addPublisherRoutes(app, { keyCare, companion, clock, answer, refuse }) {
  const { overview, ...verbs } = keyCare
  const actions = {
    ...Object.fromEntries(
      Object.entries(verbs).map(([name, verb]) => [
        name,
        (body) => verb(body).finally(companion.renew),
      ]),
    ), // also what failed may have changed something
    ...(clock && { clock: ({ by }) => clock.move(by) }),
  }

  /**
   * Errors are told in full, since whoever may use this page may know what is wrong with the keys.
   */
  const tells = isSealdropError
  const seen = async () => ({ ...(await overview()), ...(clock && { shift: clock.shift() }) })

  const guards = [
    async (c, next) =>
      sameOrigin(c.req)
        ? next()
        : refuse(
            c,
            refusal('forbidden', 'This is asked for by another page than the publisher’s own'),
          ),
    ...jsonGuards({ refuse, jsonType }),
  ]

  app.get('/api/publisher', (c) => answer(c, seen, tells))

  app.post('/api/publisher/:action', ...guards, (c) =>
    answer(
      c,
      async () => {
        const action = c.req.param('action')
        if (!Object.hasOwn(actions, action))
          throw refusal('not_found', 'There is no such thing to do')
        const body = await c.req.json().catch(() => undefined)
        if (body === null || typeof body !== 'object' || Array.isArray(body))
          throw refusal('malformed', 'body: expected a JSON object')
        const outcome = await actions[action](body)
        return { outcome: outcome ?? {}, overview: await seen() }
      },
      tells,
    ),
  )
}

/** Browsers send Origin with every POST. */
function sameOrigin(request) {
  const origin = request.header('origin') ?? ''
  return (
    URL.canParse(origin) &&
    new URL(origin).host === request.header('host') &&
    (request.header('sec-fetch-site') ?? 'same-origin') === 'same-origin'
  )
}
