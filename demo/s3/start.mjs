// `node demo/s3/start.mjs FOLDER [PORT]` serves buckets of a folder on loopback, and prints how a
// client reaches them. Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
import { startS3 } from './server.mjs'

const [folder = '.demo/s3', port = '0'] = process.argv.slice(2)
const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env
const server = await startS3({
  dir: folder,
  port: Number(port),
  log: console.error,
  ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey } }),
})
console.log(JSON.stringify(server.config))
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => void server.close().then(() => process.exit(0)))
