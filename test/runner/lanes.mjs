// Work in lanes: so many pieces at a time, each as soon as a lane is free.

/**
 * Does all of the work, so many pieces at a time.
 *
 * @param jobs - in the order in which they begin; one waits until those that it is `after` ended
 * @param width - how many run at once
 * @param work - gets a job
 * @returns what each piece of work gave, in the order of the jobs
 */
export async function inLanes(jobs, width, work) {
  const waiting = new Set(jobs)
  const running = new Map()
  const results = new Map()
  const isReady = ({ after = [] }) => after.every((job) => results.has(job))
  while (waiting.size + running.size > 0) {
    for (const job of [...waiting].filter(isReady).slice(0, width - running.size)) {
      waiting.delete(job)
      running.set(
        job,
        work(job).then((result) => {
          results.set(job, result)
          running.delete(job)
        }),
      )
    }
    if (running.size === 0) throw new Error('jobs wait for each other')
    await Promise.race(running.values())
  }
  return jobs.map((job) => results.get(job))
}
