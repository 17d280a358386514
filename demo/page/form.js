// How the form itself behaves: message or file, the example, and dropping a file.
'use strict'

{
  const { find } = stage
  const form = find('#claim')
  const file = find('#file')
  const drop = find('.drop')
  const changed = () => form.dispatchEvent(new Event('input', { bubbles: true }))

  form.addEventListener('change', ({ target }) => {
    if (target.name !== 'part') return
    for (const part of ['message', 'file']) {
      const fields = find(`#${part}-fields`)
      // a disabled fieldset takes no part in validation
      fields.hidden = fields.disabled = part !== target.value
    }
  })

  find('#example').addEventListener('click', () => {
    form.elements.name.value = 'Alex Okafor'
    form.elements.policy.value = 'HH-20771-4'
    form.elements.message.value =
      'On Sunday night a pipe in the kitchen wall burst. The floor and two cupboards are damaged. A plumber has stopped the leak; photos will follow.'
    changed()
  })

  file.addEventListener('change', () => {
    find('#file-name').textContent = file.files[0]
      ? `${file.files[0].name} (${view.size(file.files[0].size)})`
      : 'Choose a file'
  })

  // a file that misses the area must not replace the page
  for (const name of ['dragover', 'drop']) addEventListener(name, (event) => event.preventDefault())
  drop.addEventListener('dragover', () => {
    drop.dataset.over = ''
  })
  drop.addEventListener('dragleave', () => {
    delete drop.dataset.over
  })
  drop.addEventListener('drop', ({ dataTransfer }) => {
    delete drop.dataset.over
    if (dataTransfer.files.length === 0) return
    file.files = dataTransfer.files
    file.dispatchEvent(new Event('change', { bubbles: true }))
    changed()
  })
}
