// tusd, built once of the Go module proxy.
import { goInstalled } from '../interop/environment.mjs'

/** @returns the path of its program */
export const tusdProgram = () => goInstalled('tusd', 'github.com/tus/tusd/v2/cmd/tusd@v2.9.1')
