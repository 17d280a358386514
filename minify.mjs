/**
 * How the script-tag files are minified, and so the bundles that have budgets.
 *
 * @satisfies {import('terser').MinifyOptions}
 */
export const minify = /** @type {const} */ ({
  module: true,
  ecma: 2022,
  compress: { passes: 3, ecma: 2022 },
  format: { comments: /^!/ },
})
