// <sealdrop-drop> as a component of Vue.
import { defineComponent, h, onMounted } from 'vue'
import { defineDrop } from 'sealdrop/drop'

const settings =
  'endpoint keys pins roots setName context company link headers records messages'.split(' ')
const events = ['change', 'done', 'error', 'complete']

export const SealdropDrop = defineComponent({
  props: settings,
  emits: events,
  setup(props, { emit }) {
    onMounted(() => defineDrop()) // here, since a server that renders the page has no such elements
    const listeners = events.map((name) => [
      `onSealdrop-${name}`,
      (/** @type {CustomEvent} */ { detail }) => emit(name, detail),
    ])
    return () => {
      // a dot in front says that it is a property, and no attribute
      const properties = settings.map((name) => [`.${name}`, Reflect.get(props, name)])
      return h('sealdrop-drop', Object.fromEntries([...properties, ...listeners]))
    }
  },
})
