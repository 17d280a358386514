import { access, constants } from 'node:fs/promises'

/** A host that this machine does not have: its message says what to do. */
export class Missing extends Error {
  name = 'Missing'
}

/** The path of a program, where it is one. @throws Missing */
export function present(path, advice) {
  return access(path, constants.X_OK).then(
    () => path,
    () => {
      throw new Missing(`no program at ${path}: ${advice}`)
    },
  )
}
