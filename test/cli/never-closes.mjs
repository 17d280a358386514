// Something to close that never does, for the test of the second signal.
import { untilSignal } from '#dist/cli/signals.js'

const alive = setInterval(() => {}, 1000)
const ended = untilSignal((name) => {
  console.error(`closing on ${name}`)
  return new Promise(() => {})
})
console.error('ready')
await ended
clearInterval(alive)
