// Rows of the editor: moving them by mouse, previews of their texts, and what the checks say beside the fields. Every
// row also has buttons to move it, and the panel of checks has a link to every field.
const form = document.getElementById('case-form')

// ---- dragging ----
let dragged = null

function place (handle) {
  const [section, index] = handle.dataset.drag.split('-')
  return { section, index: Number(index), row: handle.closest('li') }
}

function clearMarks () {
  for (const each of form.querySelectorAll('.cw-drop-before, .cw-drop-after, .cw-dragged')) {
    each.classList.remove('cw-drop-before', 'cw-drop-after', 'cw-dragged')
  }
}

function target (event) {
  const row = event.target.closest?.('li')
  if (!dragged || !row || row.parentElement !== dragged.row.parentElement) return null
  const box = row.getBoundingClientRect()
  return { row, isAfter: event.clientY > box.top + box.height / 2 }
}

function drop (event) {
  const at = target(event)
  if (!at) return
  event.preventDefault()
  const { section, index } = dragged
  const there = [...at.row.parentElement.children].indexOf(at.row) + (at.isAfter ? 1 : 0)
  const to = there > index ? there - 1 : there
  if (to === index) return
  window.htmx.ajax('POST', form.getAttribute('action'), {
    source: form, target: '#case-fields', swap: 'outerHTML', values: { action: `move-${section}-${index}-${to}` }
  })
}

function watchDragging () {
  form.addEventListener('dragstart', (event) => {
    const handle = event.target.closest?.('[data-drag]')
    if (!handle) return
    dragged = place(handle)
    event.dataTransfer.effectAllowed = 'move'
    event.dataTransfer.setData('text/plain', '')
    event.dataTransfer.setDragImage(dragged.row, 12, 12)
    dragged.row.classList.add('cw-dragged')
  })
  form.addEventListener('dragover', (event) => {
    const at = target(event)
    if (!at) return
    event.preventDefault()
    const mark = at.isAfter ? 'cw-drop-after' : 'cw-drop-before'
    if (at.row.classList.contains(mark)) return
    clearMarks()
    dragged.row.classList.add('cw-dragged')
    at.row.classList.add(mark)
  })
  form.addEventListener('drop', drop)
  form.addEventListener('dragend', () => {
    clearMarks()
    dragged = null
  })
}

// ---- previews ----
function watchPreviews () {
  document.body.addEventListener('htmx:beforeRequest', (event) => {
    const button = event.detail.elt
    if (!button.matches?.('.cw-previewing > button')) return
    const isOpen = button.getAttribute('aria-expanded') === 'true'
    const isClick = event.detail.requestConfig.triggeringEvent?.type === 'click'
    if (isClick) button.setAttribute('aria-expanded', String(!isOpen))
    if (isClick && isOpen) document.getElementById(button.getAttribute('aria-controls')).replaceChildren()
    // A closed preview stays closed while somebody writes.
    if (isClick === isOpen) event.preventDefault()
  })
}

// ---- findings beside their fields ----
function clearNotes () {
  for (const note of form.querySelectorAll('[data-note]')) {
    const field = document.getElementById(note.dataset.note)
    const rest = (field?.getAttribute('aria-describedby') ?? '').split(' ').filter((id) => id && id !== note.id)
    if (rest.length) field.setAttribute('aria-describedby', rest.join(' '))
    else field?.removeAttribute('aria-describedby')
    note.remove()
  }
  for (const row of form.querySelectorAll('.cw-found--error, .cw-found--warning')) {
    row.classList.remove('cw-found--error', 'cw-found--warning')
  }
}

function showNote (finding, number) {
  const { field: id, level, message } = finding.dataset
  const field = document.getElementById(id)
  if (!field?.matches('input, textarea, select') || !form.contains(field)) return
  field.closest('li')?.classList.add(`cw-found--${level}`)
  if (document.getElementById(`${id}_error`)?.textContent.includes(message)) return
  const note = document.createElement('p')
  note.className = `cw-fieldnote cw-fieldnote--${level}`
  note.id = `note-${number}`
  note.dataset.note = id
  note.textContent = message
  field.before(note)
  field.setAttribute('aria-describedby', `${field.getAttribute('aria-describedby') ?? ''} ${note.id}`.trim())
}

function showNotes () {
  clearNotes()
  const findings = document.querySelectorAll('#checks [data-level="error"], #checks [data-level="warning"]')
  findings.forEach(showNote)
}

if (form) {
  watchDragging()
  watchPreviews()
  showNotes()
  document.body.addEventListener('htmx:afterSettle', (event) => {
    if (['checks', 'case-fields'].includes(event.detail.target?.id)) showNotes()
  })
}
