// Work in lanes: a given number of pieces at a time, and each begins as soon as a lane is free.

/** The waiting jobs that can begin now, in their order. */
function startable(waiting, running, ended, width) {
  let free = width - [...running.keys()].reduce((sum, { lanes = 1 }) => sum + lanes, 0)
  const found = []
  for (const job of waiting) {
    const { lanes = 1, after = [] } = job
    if (lanes > free || !after.every((other) => ended.has(other))) continue
    free -= lanes
    found.push(job)
  }
  return found
}

/**
 * Does all of the work, with a given number of pieces at a time.
 *
 * @param jobs - in the order in which they begin; one takes so many `lanes` (1 unless it says), and
 *   waits for the jobs that it is `after`
 * @param width - how many lanes there are
 * @param work - gets a job, and what the work of those that it is after gave
 * @returns what each piece of work gave, in the order of the jobs
 */
export async function inLanes(jobs, width, work) {
  const waiting = new Set(jobs)
  const running = new Map()
  const results = new Map()
  while (waiting.size + running.size > 0) {
    for (const job of startable(waiting, running, results, width)) {
      waiting.delete(job)
      const before = (job.after ?? []).map((other) => results.get(other))
      const done = work(job, before).then((result) => {
        results.set(job, result)
        running.delete(job)
      })
      running.set(job, done)
    }
    if (running.size === 0) throw new Error('jobs wait for each other, or for more lanes')
    await Promise.race(running.values())
  }
  return jobs.map((job) => results.get(job))
}
