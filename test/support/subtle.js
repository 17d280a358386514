// Replaces a method of crypto.subtle for as long as a test needs another one.

/**
 * @param {'decrypt' | 'digest' | 'encrypt' | 'importKey'} method
 * @param {(real: (...args: any[]) => Promise<any>) => (...args: any[]) => unknown} replacement
 *   answers what takes the place of the real method, which it gets
 * @returns a function that puts back what was there
 */
export function replaceSubtle(method, replacement) {
  const { subtle } = crypto
  const own = Object.getOwnPropertyDescriptor(subtle, method)
  const real = subtle[method].bind(subtle)
  Object.assign(subtle, { [method]: replacement(real) })
  return () => {
    if (own) Object.defineProperty(subtle, method, own)
    else Reflect.deleteProperty(subtle, method)
  }
}

/** Runs the work while `how` makes every hash. It gets the real hash as a function. */
export async function hashing(how, work) {
  const restore = replaceSubtle(
    'digest',
    (real) =>
      (...args) =>
        how(() => real(...args)),
  )
  try {
    return await work()
  } finally {
    restore()
  }
}
