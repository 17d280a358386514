// What AWS's clients of S3 and DynamoDB need of their services to keep one object or item by
// conditional writes. `npm run test:stores` runs the stores against moto, which is a real one.
import { createHash } from 'node:crypto'

const xml = (code) => `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`
const tagOf = (bytes) => `"${createHash('md5').update(bytes).digest('hex')}"`

/** HeadObject, GetObject and PutObject with If-Match and If-None-Match. */
async function s3(request, objects) {
  const { pathname } = new URL(request.url)
  const found = objects.get(pathname)
  if (request.method === 'HEAD') return new Response(null, { status: found ? 200 : 404 })
  if (request.method === 'GET')
    return found
      ? new Response(found, { headers: { etag: tagOf(found) } })
      : new Response(xml('NoSuchKey'), { status: 404 })
  const isMet = request.headers.get('if-none-match')
    ? found === undefined
    : found !== undefined && request.headers.get('if-match') === tagOf(found)
  if (!isMet) return new Response(xml('PreconditionFailed'), { status: 412 })
  const bytes = Buffer.from(await request.arrayBuffer())
  objects.set(pathname, bytes)
  return new Response(null, { headers: { etag: tagOf(bytes) } })
}

/** GetItem and PutItem with the two conditions of the store. */
async function dynamoDb(request, items) {
  const input = await request.json()
  const json = (body, status = 200) => Response.json(body, { status })
  if (request.headers.get('x-amz-target').endsWith('.GetItem'))
    return json({ Item: items.get(input.Key.id.S) })
  const id = input.Item.id.S
  const seen = input.ExpressionAttributeValues?.[':seen'].S
  if (items.get(id)?.version.S !== seen)
    return json({ __type: 'com.amazonaws.dynamodb#ConditionalCheckFailedException' }, 400)
  items.set(id, input.Item)
  return json({})
}

/** A handler for both, as the header that only DynamoDB has tells them apart. */
export function awsStores() {
  const objects = new Map()
  const items = new Map()
  return (request) =>
    request.headers.has('x-amz-target') ? dynamoDb(request, items) : s3(request, objects)
}
