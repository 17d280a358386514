// Stock age, built once of the Go module proxy, and how it is run.
import { goInstalled } from '../interop/environment.mjs'

/** @returns the path of its program */
export const ageProgram = () => goInstalled('age', 'filippo.io/age/cmd/age@v1.3.2')
