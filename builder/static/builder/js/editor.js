// Keeps what an author types: saves the form as a draft two seconds after the last key, when a field is left and when
// the page is hidden. Rows are added and moved by the server, so that there is one code path with script and without.
const DELAY = 2000
const RETRY = 10000
// Browsers refuse a request that outlives its page when it is larger than this.
const KEEPALIVE_LIMIT = 60000

const form = document.getElementById('case-form')

const state = { saved: '', timer: 0, running: null, leaving: false, stopped: false }

function body () {
  return new URLSearchParams(new FormData(form))
}

// Fields that change without anybody writing: versions, which rows stand open, what the server hides in a row.
const UNWRITTEN = /^(csrfmiddlewaretoken|base_version|sequence|their_version|their_sequence)$|(^|-)(origin|open)$/

function written (fields) {
  return new URLSearchParams([...fields].filter(([name]) => !UNWRITTEN.test(name))).toString()
}

function typed () {
  return written(body())
}

function say (text, kind = '') {
  const status = document.getElementById('saved')
  status.classList.remove('cw-saved--saving', 'cw-saved--failed')
  if (kind) status.classList.add(`cw-saved--${kind}`)
  if (status.textContent !== text) status.textContent = text
}

function keepCopy () {
  try {
    localStorage.setItem(form.dataset.copyKey, JSON.stringify([...body()].filter(([name]) => name !== 'csrfmiddlewaretoken')))
  } catch {
    // A full or forbidden store: the text is still in the page.
  }
}

function dropCopy () {
  try {
    localStorage.removeItem(form.dataset.copyKey)
  } catch {
    // Nothing could be kept either.
  }
}

function schedule (delay = DELAY) {
  clearTimeout(state.timer)
  if (!state.stopped) state.timer = setTimeout(save, delay)
}

async function save () {
  clearTimeout(state.timer)
  if (state.stopped || state.leaving) return
  if (state.running) {
    await state.running
    return schedule(0)
  }
  const text = typed()
  if (text === state.saved) return
  state.running = send(text)
  await state.running
  state.running = null
  if (typed() !== state.saved && !state.stopped) schedule(state.failed ? RETRY : DELAY)
}

async function send (text) {
  const content = body()
  say(form.dataset.textSaving, 'saving')
  try {
    const response = await fetch(form.dataset.autosave, {
      method: 'POST',
      body: content,
      credentials: 'same-origin',
      redirect: 'manual',
      keepalive: content.toString().length < KEEPALIVE_LIMIT,
      headers: { 'X-CSRFToken': form.elements.csrfmiddlewaretoken.value, Accept: 'application/json' }
    })
    const isJson = response.headers.get('Content-Type')?.startsWith('application/json')
    if (response.ok && isJson) return stored(await response.json(), text)
    if (response.status === 409 && isJson) return refused(await response.json())
    failed(response.status >= 400 && response.status < 500 ? form.dataset.textRefused : form.dataset.textFailed)
  } catch {
    failed(form.dataset.textFailed)
  }
}

function stored (answer, text) {
  form.elements.base_version.value = answer.base_version
  form.elements.sequence.value = answer.sequence
  state.saved = text
  state.failed = false
  dropCopy()
  say(answer.saved)
  document.body.dispatchEvent(new Event('draft-saved'))
}

function failed (text) {
  state.failed = true
  keepCopy()
  say(text, 'failed')
}

function refused (answer) {
  state.stopped = true
  keepCopy()
  say(form.dataset.textConflict, 'failed')
  document.getElementById('conflict').innerHTML = answer.html
  showTab()
  document.getElementById('conflict-heading')?.focus()
}

function showTab () {
  const tab = document.querySelector('.nhsuk-tabs__tab[href="#write"]')
  if (tab?.getAttribute('aria-selected') === 'false') tab.click()
}

function goTo (id) {
  const element = document.getElementById(id)
  if (!element || !document.getElementById('write').contains(element)) return false
  showTab()
  const details = element.closest('details')
  if (details) details.open = true
  const field = element.matches('input, textarea, select, button') ? element : element.querySelector('input') ?? element
  field.scrollIntoView({ block: 'center' })
  field.focus()
  return true
}

// ---- a copy this browser kept because the server could not be reached ----
function offerCopy () {
  const note = document.getElementById('kept-copy')
  let copy = null
  try {
    copy = JSON.parse(localStorage.getItem(form.dataset.copyKey) ?? 'null')
  } catch {
    dropCopy()
  }
  if (!Array.isArray(copy)) return
  if (written(copy) === typed()) {
    dropCopy()
    return
  }
  note.hidden = false
  note.addEventListener('click', (event) => {
    if (event.target.closest('[data-copy-drop]')) dropCopy()
    else if (event.target.closest('[data-copy-restore]')) restore(copy)
    else return
    note.hidden = true
  })
}

function restore (copy) {
  const values = {}
  for (const [name, value] of copy) {
    if (name in values) values[name] = [].concat(values[name], value)
    else values[name] = value
  }
  // The version it began from travels with it: a colleague's newer revision then shows up as two texts.
  form.elements.base_version.value = values.base_version ?? form.elements.base_version.value
  values.action = 'restore'
  window.htmx.ajax('POST', form.getAttribute('action'), { target: '#case-fields', swap: 'outerHTML', values })
}

function start () {
  state.saved = typed()
  offerCopy()
  if (document.getElementById('conflict-heading')) {
    state.stopped = true
    document.getElementById('conflict-heading').focus()
  }

  form.addEventListener('input', (event) => {
    for (const shown of form.querySelectorAll('[data-shows]')) {
      if (shown.dataset.shows === event.target.id) shown.textContent = event.target.value
    }
    if (state.stopped) keepCopy()
    schedule()
  })
  form.addEventListener('focusout', () => schedule(0))
  form.addEventListener('toggle', (event) => {
    const mark = event.target.parentElement?.querySelector('input[name$="-open"]')
    if (mark) mark.value = event.target.open ? '1' : ''
  }, true)
  form.addEventListener('keydown', (event) => {
    // Enter in a one-line field would press the form's first button.
    if (event.key === 'Enter' && !event.isComposing && event.target.matches('input:not([type="checkbox"])')) {
      event.preventDefault()
      schedule(0)
    }
  })
  form.addEventListener('submit', async (event) => {
    clearTimeout(state.timer)
    if (state.running) {
      // The answer carries the draft's new number, without which this would look like a second window.
      event.preventDefault()
      await state.running
      form.requestSubmit(event.submitter)
      return
    }
    state.leaving = true
  })

  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') save()
  })
  window.addEventListener('online', () => schedule(0))
  window.addEventListener('pagehide', () => {
    if (!state.leaving && !state.stopped && typed() !== state.saved) keepCopy()
  })
  window.addEventListener('beforeunload', (event) => {
    if (state.failed && !state.leaving && typed() !== state.saved) event.preventDefault()
  })
  document.addEventListener('click', (event) => {
    if (event.target.closest?.('[data-copy-forget]')) dropCopy()
    const link = event.target.closest?.('a[href^="#"]:not(.nhsuk-tabs__tab)')
    if (link && goTo(link.hash.slice(1))) event.preventDefault()
  })

  // While the server moves a row, nothing may be typed that its answer would not hold.
  const fields = () => document.getElementById('case-fields')
  document.body.addEventListener('htmx:beforeRequest', (event) => {
    if (event.detail.target?.id === 'case-fields') fields().inert = true
  })
  document.body.addEventListener('htmx:afterRequest', (event) => {
    if (event.detail.target?.id !== 'case-fields') return
    fields().inert = false
    if (!event.detail.successful) failed(form.dataset.textFailed)
    schedule(0)
  })
  // A live region that is filled with the same words again would be read out again.
  let told = ''
  document.body.addEventListener('htmx:beforeSwap', (event) => {
    if (event.detail.target?.id !== 'checks') return
    if (event.detail.xhr.responseText === told) event.detail.shouldSwap = false
    told = event.detail.xhr.responseText
  })
}

if (form) start()
