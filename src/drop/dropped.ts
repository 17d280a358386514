/**
 * The files of what was dropped, those of folders too.
 *
 * It takes them at once, since a browser empties the list when the event is over.
 */
export function droppedFiles(data: DataTransfer): Promise<readonly File[]> {
  const entries = [...data.items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile())
  return filesOf(entries.filter((entry) => entry !== null))
}

async function filesOf(found: readonly (FileSystemEntry | File)[]): Promise<readonly File[]> {
  const files: File[] = []
  for (const one of found) files.push(...(one instanceof File ? [one] : await filesIn(one)))
  return files
}

async function filesIn(entry: FileSystemEntry): Promise<readonly File[]> {
  if (entry.isDirectory) return filesOf(await entriesOf(entry as FileSystemDirectoryEntry))
  const file = await new Promise<File>((resolve, reject) => {
    ;(entry as FileSystemFileEntry).file(resolve, reject)
  })
  const path = entry.fullPath.slice(1)
  // a folder that is chosen says where its files lie, and one that is dropped does not
  if (path.includes('/')) Object.defineProperty(file, 'webkitRelativePath', { value: path })
  return [file]
}

/** A browser hands out 100 at a time, and none at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject)
    })
    if (some.length === 0) return all
    all.push(...some)
  }
}
