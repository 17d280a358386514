// A page of React that seals what people drop into it. The company's public key is part of the build.
import { StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { importKeySet, inHand } from 'sealdrop'
import key from './key.json'
import { SealdropDrop } from './SealdropDrop.js'

const keys = importKeySet(key, { trust: inHand() })
const context = { claim: '7' }

function App() {
  const [receipts, setReceipts] = useState(/** @type {any[]} */ ([]))
  return (
    <>
      <SealdropDrop
        endpoint="/uploads"
        keys={keys}
        context={context}
        onDone={(receipt) => setReceipts((all) => [...all, receipt])}
      />
      <output>{receipts.map(({ messageId }) => messageId).join(' ')}</output>
    </>
  )
}

createRoot(/** @type {HTMLElement} */ (document.querySelector('#app'))).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
