/** Waits that a pause begins, and whoever goes on ends. */
export class Gate {
  readonly promise: Promise<void>
  open: () => void = () => {}

  constructor() {
    this.promise = new Promise((resolve) => {
      this.open = resolve
    })
  }
}
