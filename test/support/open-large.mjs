// A process that opens a large file by `openManyFiles`, and says how much memory it took at most.
import { createOpener } from 'sealdrop/kms'
import { fileSource } from 'sealdrop/fs'

const { kms, path, copies } = JSON.parse(process.argv[2] ?? '')
const context = { form: 'claim' }
/** How many bytes there are, all of which must be zero. */
const sink = async ({ readable }) => {
  let length = 0
  for await (const chunk of readable) {
    if (Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).some((byte) => byte !== 0))
      throw new Error(`other bytes from ${length} on`)
    length += chunk.length
  }
  return length
}
const opener = createOpener({ kms, keys: ['alias/ecc'] })
const source = await fileSource(path)
const items = Array.from({ length: copies }, () => ({ source, context, sink }))
const lengths = /** @type {number[]} */ ([])
for await (const { result, error } of opener.openManyFiles(items)) {
  if (error) throw error
  lengths.push(result)
}
await opener.close()
console.log(JSON.stringify({ lengths, most: process.resourceUsage().maxRSS * 1_024 }))
