// The files of a tree, which is this checkout, or a commit in a folder of its own.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Files that are copied letter by letter or made by tools, so that nobody reads them as code. */
const data = [/contract\.d\.ts$/, /^test\/vectors\/[^/]*$/, /\/golden\//]

/** Code files below `folders`, each with its text. */
export function codeOf(tree, folders) {
  const paths = execFileSync('git', ['ls-files', ...folders], { cwd: tree, encoding: 'utf8' })
  return paths
    .split('\n')
    .filter((path) => /\.(m?js|ts)$/.test(path) && !data.some((pattern) => pattern.test(path)))
    .map((path) => ({ path, text: readFileSync(join(tree, path), 'utf8') }))
}

/**
 * Does `work` on the tree of a commit. The tree is laid out beside this checkout, and removed
 * afterwards.
 */
export async function withTree(root, commit, work) {
  const folder = join(mkdtempSync(join(tmpdir(), 'sealdrop-report-')), 'tree')
  const git = (...args) => execFileSync('git', args, { cwd: root, stdio: 'pipe' })
  git('worktree', 'add', '--detach', folder, commit)
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    return await work(folder)
  } finally {
    git('worktree', 'remove', '--force', folder)
    rmSync(join(folder, '..'), { recursive: true, force: true })
  }
}
