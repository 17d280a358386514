import { Buffer } from 'node:buffer'
import { request } from 'node:http'
import * as aws from '@aws-sdk/client-kms'

export const base64 = (bytes) => Buffer.from(bytes).toString('base64')
const blobs = ['Message', 'Plaintext', 'CiphertextBlob', 'Signature', 'PublicKey', 'ImportToken', 'EncryptedKeyMaterial']

/** The unmodified AWS client. `kms('Sign', {...})` sends and gives the answer. */
export function clientOf(local) {
  const client = new aws.KMSClient(local.clientConfig)
  return (operation, input = {}) => client.send(new aws[`${operation}Command`](input))
}

/** The same input for the client as for the wire: blobs are base64 in tables. */
export const forClient = (input) => Object.fromEntries(Object.entries(input).map(([name, value]) => [name, blobs.includes(name) && value !== undefined ? Buffer.from(value, 'base64') : value]))

export function wireHeaders(region = 'us-east-1') {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  return {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-date': time,
    authorization: `AWS4-HMAC-SHA256 Credential=LOCALKMSLOCALKMS/${time.slice(0, 8)}/${region}/kms/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'a'.repeat(64)}`,
  }
}

/** One bare HTTP request; headers set to undefined are left out. */
export function raw(local, { operation, target = operation && `TrentService.${operation}`, body = '{}', method = 'POST', path = '/', headers = {} }) {
  const all = Object.entries({ ...wireHeaders(), 'x-amz-target': target, ...headers }).filter(([, value]) => value !== undefined)
  return new Promise((resolve, reject) => {
    const outgoing = request(local.url, { method, path, headers: Object.fromEntries(all), agent: false }, async (response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      resolve({ status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) })
    })
    outgoing.on('error', reject)
    outgoing.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))
  })
}

/** What a promise failed with; fails when it did not, and closes a server that should not have started. */
export const failure = (promise) => promise.then(async (value) => {
  await value?.close?.()
  throw new Error('expected a failure')
}, (e) => e)
