// Twenty handlers in four processes on one key of a local KMS, whose trail is counted second by
// second.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { importKeySet, inHand, seal } from 'sealdrop'
import { createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'

const program = fileURLToPath(new URL('budget-handler.mjs', import.meta.url))

/**
 * Runs the handlers.
 *
 * @param {{ rate: number, milliseconds: number, limited: boolean, redis: unknown, quota?: number }} o
 * @returns Decrypt calls of each second while all ran, and the outcomes of each process
 */
export async function runHandlers({ rate, milliseconds, limited, redis, quota = 10_000 }) {
  const times = []
  const local = await startLocalKms({
    keys: [{ alias: 'shared', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' }],
    quota: { rsa: quota },
    onCall: ({ eventName }) => void (eventName === 'Decrypt' && times.push(Date.now())),
  })
  const kms = local.clientConfig
  const { jwks } = await createPublisher({ kms, keys: [{ key: 'alias/shared' }] }).documents()
  const value = await seal(importKeySet(jwks, { trust: inHand() }), 'x', { context: {} })
  const told = JSON.stringify({
    kms,
    key: 'alias/shared',
    value,
    rate,
    milliseconds,
    redis,
    limited,
  })
  const children = Array.from({ length: 4 }, () => fork(program, [told]))
  try {
    await Promise.all(children.map((child) => once(child, 'message')))
    const begun = Date.now()
    for (const child of children) child.send('go')
    const ended = await Promise.all(children.map((child) => once(child, 'message')))
    return {
      seconds: secondsOf(times, begun, milliseconds),
      outcomes: ended.map(([outcome]) => outcome),
    }
  } finally {
    for (const child of children) child.kill()
    await local.close()
  }
}

/** How many calls came in each second from the first on, while all handlers ran. */
function secondsOf(times, begun, milliseconds) {
  const counts = Array.from({ length: Math.floor(milliseconds / 1_000) }, () => 0)
  for (const time of times) {
    const second = Math.floor((time - begun) / 1_000)
    if (second >= 0 && second < counts.length) counts[second] = (counts[second] ?? 0) + 1
  }
  return counts
}
