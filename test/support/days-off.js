/** Runs the work while the clock of this host is wrong by so many days. */
export async function daysOff(days, work) {
  const { now } = Date
  Date.now = () => now() + days * 86_400_000
  try {
    return await work()
  } finally {
    Date.now = now
  }
}
