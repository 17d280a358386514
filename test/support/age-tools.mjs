// age, rage's and typage's model, from the Go module proxy: built once, and kept.
import { goInstalled } from '../interop/environment.mjs'

/** Where `age` and `age-keygen` are. */
export async function ageTools() {
  const [age, keygen] = await Promise.all(
    ['age', 'age-keygen'].map((name) => goInstalled(name, `filippo.io/age/cmd/${name}@v1.3.2`)),
  )
  return { age, keygen }
}
