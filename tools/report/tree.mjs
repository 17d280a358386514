// The files of a tree, and what they say: of this checkout, or of a commit in a folder of its own.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What is copied letter by letter or made by tools; nobody reads it as code. */
const data = [/contract\.d\.ts$/, /^test\/vectors\/[^/]*$/, /\/golden\//]

/** Code files below `folders`, each with its text. */
export function codeOf(tree, folders) {
  const paths = execFileSync('git', ['ls-files', ...folders], { cwd: tree, encoding: 'utf8' })
  return paths
    .split('\n')
    .filter((path) => /\.(m?js|ts)$/.test(path) && !data.some((pattern) => pattern.test(path)))
    .map((path) => ({ path, text: readFileSync(join(tree, path), 'utf8') }))
}

/** Does `work` on the tree of a commit, which is laid out beside this checkout and taken away again. */
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
