// <sealdrop-drop> for React. Make `keys` and `context` outside of it: a new object is a new setting.
import { createElement, useEffect, useLayoutEffect, useRef } from 'react'
import { defineDrop } from 'sealdrop/drop'

const settings =
  'endpoint keys pins roots setName context company link headers records messages'.split(' ')
const events = { onChange: 'change', onDone: 'done', onError: 'error', onComplete: 'complete' }

/** @param {import('sealdrop/drop').DropSettings & { [name in keyof typeof events]?: (detail: any) => void }} props */
export function SealdropDrop(props) {
  const box = useRef(/** @type {HTMLElement | null} */ (null))
  const latest = useRef(props)
  useLayoutEffect(() => {
    latest.current = props
    for (const name of settings) Reflect.set(box.current ?? {}, name, Reflect.get(props, name))
  })
  useEffect(() => {
    defineDrop() // here, since a server that renders the page has no custom elements
    const stop = new AbortController()
    for (const [prop, name] of Object.entries(events))
      box.current?.addEventListener(
        `sealdrop-${name}`,
        (event) => Reflect.get(latest.current, prop)?.(/** @type {CustomEvent} */ (event).detail),
        { signal: stop.signal },
      )
    return () => stop.abort()
  }, [])
  return createElement('sealdrop-drop', { ref: box })
}
