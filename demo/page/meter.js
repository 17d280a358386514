// Shows how far a file is: share, bytes, speed and time left.
'use strict'

globalThis.meter = (() => {
  const { find } = stage
  const { size } = view
  const window = 4000 // milliseconds that the speed is taken over
  let samples = []
  let told = 0
  let word
  let waiting

  /** @param what - what becomes of bytes here, for screen readers */
  function start(what = 'sent') {
    samples = []
    told = 0
    word = what
  }

  function update({ done, total }) {
    const now = performance.now()
    samples.push([now, done])
    samples = samples.filter(([at], i) => now - at < window || i === samples.length - 2)
    const share = done / total
    const percent = Math.floor(share * 100)
    find('#progress').value = share
    find('#percent').textContent = `${percent} %`
    find('#amount').textContent = `${size(done)} of ${size(total)}`
    find('#speed').textContent = words(done, total)
    if (percent - told >= 25 && percent < 100) {
      // not more often, or a screen reader would never be quiet
      told = percent - (percent % 25)
      find('#status').textContent = `${told} % ${word}`
    }
  }

  /** Says why nothing moves; nothing stands for that it does. */
  function waits(why) {
    waiting = why
    samples = []
    if (!find('#pause').hidden) find('#speed').textContent = why ?? ''
  }

  function words(done, total) {
    if (waiting) return waiting
    return done < total ? speed(done, total) : 'finishing'
  }

  function speed(done, total) {
    const [[from, before], [to]] = [samples[0], samples.at(-1)]
    if (to - from < 250 || done === before) return ''
    const rate = ((done - before) / (to - from)) * 1000
    const left = (total - done) / rate
    return `${(rate / 1_048_576).toFixed(rate < 10_485_760 ? 1 : 0)} MiB/s · ${duration(left)} left`
  }

  function duration(seconds) {
    if (seconds < 60) return `${Math.ceil(seconds)} s`
    if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`
    return `${(seconds / 3600).toFixed(1)} h`
  }

  return { start, update, waits }
})()
