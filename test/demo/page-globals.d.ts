// What the tests of pages put into a page, to look at it from outside.
export {}

declare global {
  /** The Blob that the page for downloads offers. */
  var offered: Blob
  var longTasks: { startTime: number; duration: number }[]
  var gaps: { longest: number; last: number }
}
