// Keeps what an author types: saves the form as a draft two seconds after the last key, when a field is left and when
// the page is hidden. Until the server has a text, this browser keeps a copy of it. Rows are added and moved by the
// server, so that there is one code path with script and without.
const DELAY = 2000
const RETRY = 10000
const COPY_DELAY = 400
const COPY_DAYS = 30
// Browsers refuse a request that outlives its page when it is larger than this.
const KEEPALIVE_LIMIT = 60000

const form = document.getElementById('case-form')
const prefix = form?.dataset.copyKey
// Every opened page has a copy of its own: two windows without a connection must not overwrite each other's.
const ownKey = `${prefix}|${Date.now()}.${Math.random()}`

const state = { saved: '', timer: 0, copyTimer: 0, running: null, leaving: false, stopped: false, failed: false, signedOut: false, restored: '' }

// Fields that change without anybody writing: versions, which rows stand open, what the server hides in a row.
const UNWRITTEN = /^(csrfmiddlewaretoken|base_version|sequence|unanswered|their_version|their_sequence|field|find)$|(^|-)(origin|open)$/

function written (fields) {
  return JSON.stringify([...fields].filter(([name]) => !UNWRITTEN.test(name)))
}

function typed () {
  return written(new FormData(form))
}

function say (text, kind = '') {
  const status = document.getElementById('saved')
  status.classList.remove('cw-saved--saving', 'cw-saved--failed')
  if (kind) status.classList.add(`cw-saved--${kind}`)
  if (status.textContent !== text) status.textContent = text
}

// ---- the copy in this browser ----
function keepCopy (isSent = false) {
  clearTimeout(state.copyTimer)
  const fields = [...new FormData(form)].filter(([name]) => name !== 'csrfmiddlewaretoken')
  if (written(fields) === state.saved) return
  try {
    localStorage.setItem(ownKey, JSON.stringify({ at: Date.now(), isSent, fields }))
  } catch {
    // A full or forbidden store: the text is still in the page.
  }
}

function dropCopy (key = ownKey) {
  clearTimeout(state.copyTimer)
  try {
    localStorage.removeItem(key)
  } catch {
    // Nothing could be kept either.
  }
}

function readCopy (key) {
  try {
    const copy = JSON.parse(localStorage.getItem(key))
    if (Array.isArray(copy?.fields)) return { key, ...copy }
    if (Array.isArray(copy)) return { key, at: 0, fields: copy }
  } catch {
    // Something else wrote here.
  }
  dropCopy(key)
  return null
}

async function heldElsewhere () {
  // Other windows that are open now look after their own copies. Without this interface all copies are offered.
  if (!navigator.locks) return new Set()
  navigator.locks.request(ownKey, () => new Promise(() => {}))
  const { held } = await navigator.locks.query()
  return new Set(held.map((lock) => lock.name))
}

async function offerCopy () {
  const held = await heldElsewhere()
  let keys = []
  try {
    keys = Object.keys(localStorage)
  } catch {
    return
  }
  for (const key of keys.filter((each) => each.startsWith('clinwright:case:'))) {
    const kept = readCopy(key)
    if (kept?.at && Date.now() - kept.at > COPY_DAYS * 86400000) dropCopy(key)
  }
  const copies = keys
    .filter((key) => key === prefix || key.startsWith(`${prefix}|`))
    .filter((key) => key !== ownKey && !held.has(key))
    .map(readCopy)
    .filter((copy) => {
      if (copy && (written(copy.fields) === typed() || arrived(copy))) dropCopy(copy.key)
      else return copy
      return null
    })
  const newest = copies.sort((one, other) => other.at - one.at)[0]
  if (newest) showOffer(newest)
}

function arrived (copy) {
  // What was sent with a button became a revision when the case has a newer one than the copy began from.
  const began = copy.fields.find(([name]) => name === 'base_version')?.[1]
  return copy.isSent && Number(form.elements.base_version.value) > Number(began)
}

function showOffer (copy) {
  const note = document.getElementById('kept-copy')
  note.hidden = false
  const time = note.querySelector('time')
  if (time && copy.at) time.textContent = new Date(copy.at).toLocaleString(document.documentElement.lang)
  note.addEventListener('click', (event) => {
    if (event.target.closest('[data-copy-drop]')) dropCopy(copy.key)
    else if (event.target.closest('[data-copy-restore]')) restore(copy)
    else return
    note.hidden = true
    document.getElementById('saved').focus()
  })
}

function restore (copy) {
  const values = {}
  for (const [name, value] of copy.fields) {
    if (name in values) values[name] = [].concat(values[name], value)
    else values[name] = value
  }
  // The version and the numbers it began from travel with it: a newer text then shows up as two texts.
  for (const name of ['base_version', 'sequence', 'unanswered']) {
    if (values[name] !== undefined) form.elements[name].value = values[name]
  }
  state.restored = copy.key
  values.action = 'restore'
  window.htmx.ajax('POST', form.getAttribute('action'), { target: '#case-fields', swap: 'outerHTML', values })
}

// ---- saving ----
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
  if (navigator.onLine === false) {
    failed(form.dataset.textOffline)
    return schedule(RETRY)
  }
  state.running = send(text)
  await state.running
  state.running = null
  if (typed() !== state.saved && !state.stopped) schedule(state.failed ? RETRY : DELAY)
}

async function send (text) {
  if (state.signedOut && !(await signedInAgain())) return failed(form.dataset.textSignedOut)
  const content = new FormData(form)
  const attempt = Math.floor(Math.random() * 2 ** 30) + 1
  content.set('attempt', attempt)
  // Until an answer comes nobody knows whether this save arrived.
  form.elements.unanswered.value = `${form.elements.unanswered.value} ${attempt}`.trim()
  say(form.dataset.textSaving, 'saving')
  try {
    const response = await fetch(form.dataset.autosave, {
      method: 'POST',
      body: content,
      credentials: 'same-origin',
      redirect: 'manual',
      keepalive: text.length * 3 + JSON.stringify([...content]).length < KEEPALIVE_LIMIT,
      headers: { 'X-CSRFToken': form.elements.csrfmiddlewaretoken.value, Accept: 'application/json' }
    })
    const isJson = response.headers.get('Content-Type')?.startsWith('application/json')
    if (response.ok && isJson) return stored(await response.json(), text)
    if (response.status === 409 && isJson) return refused(await response.json())
    state.signedOut = response.type === 'opaqueredirect' || response.status === 403
    if (state.signedOut) failed(form.dataset.textSignedOut)
    else if (response.status === 422 && isJson) failed((await response.json()).message)
    else failed(response.status >= 400 && response.status < 500 ? form.dataset.textRefused : form.dataset.textFailed)
  } catch {
    failed(navigator.onLine === false ? form.dataset.textOffline : form.dataset.textFailed)
  }
}

async function signedInAgain () {
  // A new sign-in has a new token. Somebody else's sign-in must not save this text as theirs.
  try {
    const response = await fetch(form.getAttribute('action'), { credentials: 'same-origin', redirect: 'manual' })
    if (!response.ok) return false
    const page = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('case-form')
    if (page?.dataset.copyKey !== prefix) return false
    form.elements.csrfmiddlewaretoken.value = page.elements.csrfmiddlewaretoken.value
    state.signedOut = false
    return true
  } catch {
    return false
  }
}

function stored (answer, text) {
  form.elements.base_version.value = answer.base_version
  form.elements.sequence.value = answer.sequence
  form.elements.unanswered.value = ''
  state.saved = text
  state.failed = false
  if (state.restored) dropCopy(state.restored)
  state.restored = ''
  if (typed() === text) dropCopy()
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

function start () {
  state.saved = typed()
  offerCopy()
  if (document.getElementById('conflict-heading')) {
    state.stopped = true
    document.getElementById('conflict-heading').focus()
  }

  form.addEventListener('input', (event) => {
    const shown = form.querySelector(`[data-shows="${CSS.escape(event.target.id)}"]`)
    if (shown) shown.textContent = event.target.value
    clearTimeout(state.copyTimer)
    state.copyTimer = setTimeout(() => keepCopy(), COPY_DELAY)
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
    if (navigator.onLine === false) {
      event.preventDefault()
      return failed(form.dataset.textOffline)
    }
    if (state.running) {
      // The answer carries the draft's new number, without which this would look like a second window.
      event.preventDefault()
      const submitter = event.submitter
      await state.running
      if (!state.stopped) form.requestSubmit(submitter)
      return
    }
    keepCopy(true)
    state.leaving = true
  })

  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') save()
  })
  window.addEventListener('online', () => schedule(0))
  window.addEventListener('pageshow', () => {
    state.leaving = false
  })
  window.addEventListener('pagehide', () => {
    if (!state.leaving) keepCopy()
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
  // What hasn't changed isn't filled in again: focus inside the panel would be lost, and its status read out again.
  let told = ''
  document.body.addEventListener('htmx:beforeSwap', (event) => {
    if (event.detail.target?.id !== 'checks') return
    if (event.detail.xhr.responseText === told) event.detail.shouldSwap = false
    told = event.detail.xhr.responseText
  })
}

if (form) start()
