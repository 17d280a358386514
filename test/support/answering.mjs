// Waits for servers that run in other processes. It waits for a minute, since a busy machine takes
// long to start a process.
import { setTimeout as sleep } from 'node:timers/promises'

const answers = (url) =>
  fetch(url).then(
    () => true,
    () => false,
  )

async function until(url, wanted) {
  for (let i = 0; i < 600; i++) {
    if ((await answers(url)) === wanted) return
    await sleep(100)
  }
  throw new Error(`${url}: expected ${wanted ? 'an answer' : 'no answer'} within a minute`)
}

export const untilAnswers = (url) => until(url, true)
export const untilSilent = (url) => until(url, false)
