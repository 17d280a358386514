// Loaded by --import into the command: its clock is ahead by as many milliseconds as CLOCK_AHEAD
// says. The local KMS of such a test has the same clock, as the machines of a company have.
const ahead = Number(process.env.CLOCK_AHEAD ?? 0)
const RealDate = Date

globalThis.Date = /** @type {DateConstructor} */ (
  /** @type {unknown} */ (
    class extends RealDate {
      /** @param {[any?]} args */
      constructor(...args) {
        const given = args.length === 0 ? [RealDate.now() + ahead] : args
        super(.../** @type {[any]} */ (given))
      }

      static now() {
        return RealDate.now() + ahead
      }
    }
  )
)
