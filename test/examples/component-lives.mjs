// A component of examples/ in the hands of its framework: what each framework renders with, on a
// server and in a page. `life` is the same for both, so that one test reads both.

/** @type {Record<string, { server: string, page: string }>} */
export const lives = {
  react: {
    server: `
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { SealdropDrop } from './SealdropDrop.js'
export const html = async (props) => renderToString(createElement(SealdropDrop, props))`,
    page: `
import { createElement, StrictMode } from 'react'
import { createRoot, hydrateRoot } from 'react-dom/client'
import { SealdropDrop } from './SealdropDrop.js'
let root
const all = (props) => createElement(StrictMode, null, createElement(SealdropDrop, props))
globalThis.life = {
  hydrate(place, props, onRecoverableError) {
    root = hydrateRoot(place, all(props), { onRecoverableError })
  },
  render: (props) => root.render(all(props)),
  end: () => root.unmount(),
}`,
  },
  vue: {
    server: `
import { createSSRApp, h } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { SealdropDrop } from './SealdropDrop.js'
export const html = (props) => renderToString(createSSRApp(() => h(SealdropDrop, props)))`,
    page: `
import { createSSRApp, h, shallowRef } from 'vue'
import { SealdropDrop } from './SealdropDrop.js'
const given = shallowRef()
let app
globalThis.life = {
  hydrate(place, props, onProblem) {
    given.value = props
    app = createSSRApp(() => h(SealdropDrop, given.value))
    app.config.errorHandler = onProblem
    app.config.warnHandler = onProblem
    app.mount(place)
  },
  render(props) {
    given.value = props
  },
  end: () => app.unmount(),
}`,
  },
}
