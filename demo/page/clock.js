// The demo's clock, which is ahead of the real one by what the publisher's page moved it. A page of
// yours has no such clock, and no `now` option.
'use strict'

globalThis.demoClock = (() => {
  let shift = Number(document.querySelector('meta[name=demo-clock]').content)
  // pages in other tabs take the new time too
  const channel = new BroadcastChannel('sealdrop-demo-clock')
  const now = () => Date.now() + shift
  const date = (time) =>
    new Date(time).toLocaleString(document.documentElement.lang, {
      dateStyle: 'long',
      timeStyle: 'short',
    })

  function show() {
    const box = document.querySelector('#clock')
    const days = Math.round(shift / 86_400_000)
    const ahead = `+${days} day${days === 1 ? '' : 's'}`
    box.textContent = `${date(now())} (${days === 0 ? 'real time' : ahead})`
    box.closest('[data-clock]').hidden =
      shift === 0 && box.closest('[data-clock]').dataset.clock === 'if-moved'
  }

  function set(to) {
    shift = to
    show()
  }

  channel.addEventListener('message', ({ data }) => set(data))
  setInterval(show, 10_000)
  show()

  return {
    now,
    moved: (to) => {
      set(to)
      channel.postMessage(to)
    },
  }
})()
