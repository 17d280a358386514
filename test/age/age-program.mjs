// Stock age and rage, each built once of where it is published.
import { cargoInstalled, goInstalled } from '../interop/environment.mjs'

/** @returns the path of its program */
export const ageProgram = () => goInstalled('age', 'filippo.io/age/cmd/age@v1.3.2')

/** @returns the path of one from before 1.3, which seals to `age1tag` by a plugin only */
export const oldAgeProgram = () => goInstalled('age', 'filippo.io/age/cmd/age@v1.2.1')

/** @returns the path of its program: the first version that knows `age1tag` itself is 0.12.0 */
export const rageProgram = () => cargoInstalled('rage', '0.12.1')
