// A page of Vue that seals what people drop into it. The company's public key is part of the build.
import { createApp, h, ref } from 'vue'
import { importKeySet, inHand } from 'sealdrop'
import key from './key.json'
import { SealdropDrop } from './SealdropDrop.js'

const keys = importKeySet(key, { trust: inHand() })
const context = { claim: '7' }

createApp({
  setup() {
    const receipts = ref(/** @type {any[]} */ ([]))
    const onDone = (/** @type {any} */ receipt) => receipts.value.push(receipt)
    return () => [
      h(SealdropDrop, { endpoint: '/uploads', keys, context, onDone }),
      h('output', receipts.value.map(({ messageId }) => messageId).join(' ')),
    ]
  },
}).mount('#app')
