// What a page that takes people's secrets should send. A production site can copy this list as it
// stands.

const policy = {
  'default-src': "'none'",
  'script-src': "'self'", // no inline script, no eval, no other host
  'style-src': "'self'",
  'img-src': "'self'",
  'connect-src': "'self'", // a script that got in could send to nobody else
  'base-uri': "'none'",
  // if the script is missing, the browser must not submit the form in the clear
  'form-action': "'none'",
  'frame-ancestors': "'none'",
  'require-trusted-types-for': "'script'",
  'trusted-types': "'none'", // no policy can be made, so innerHTML and similar members always throw
}

/**
 * @param {object} [o] - what a page cannot do without
 * @param {string[]} [o.scriptHashes] - CSP sources for inline blocks: its import map
 * @param {string[]} [o.connects] - other origins that it sends to: the bucket of its uploads
 */
export function contentSecurityPolicy({ scriptHashes = [], connects = [] } = {}) {
  const rows = {
    ...policy,
    'script-src': [policy['script-src'], ...scriptHashes].join(' '),
    'connect-src': [policy['connect-src'], ...connects].join(' '),
  }
  return Object.entries(rows)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ')
}

const headers = {
  'content-security-policy': contentSecurityPolicy(),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cache-control': 'no-store',
}

/**
 * Hono middleware. It leaves what a handler set itself: the key set is for every origin, and a page
 * may carry its own hashes.
 */
export async function securityHeaders(c, next) {
  await next()
  for (const [name, value] of Object.entries(headers))
    if (!c.res.headers.has(name)) c.res.headers.set(name, value)
}
