// The grading desk: keys, saving each verdict as it is given, saying so. Without this module the radios and the buttons
// do everything. Keys go by KeyboardEvent.code, so that a Korean input method doesn't eat them, and only while focus is
// in the criteria pane and not where text is typed.
const VERDICTS = {
  Digit1: 'met', Numpad1: 'met', Digit2: 'not_met', Numpad2: 'not_met', Digit3: 'cannot_judge', Numpad3: 'cannot_judge'
}
const CLEAR = ['Digit0', 'Numpad0']
const STEPS = { ArrowDown: 1, KeyJ: 1, ArrowUp: -1, KeyK: -1 }
const KEYS_SWITCH = 'clinwright.desk.keys'
const FIRST_RETRY = 2_000
const LONGEST_RETRY = 30_000
const TYPING_PAUSE = 1_000

const form = document.getElementById('desk')
const pane = document.getElementById('pane-criteria')
const state = document.getElementById('desk-state')
const live = document.getElementById('desk-live')
const rows = [...pane.querySelectorAll('[data-criterion]')]
const words = state.dataset
const wide = window.matchMedia('(min-width: 62rem)')

// ---- one criterion ----
const radios = (row) => [...row.querySelectorAll('input[type="radio"]')]
const verdictOf = (row) => radios(row).find((radio) => radio.checked)?.value ?? ''
const noteOf = (row) => row.querySelector('textarea')
const numberOf = (row) => Number(row.dataset.criterion) + 1
const rowOf = (element) => element.closest?.('[data-criterion]')
const currentRow = () => rowOf(document.activeElement) ?? rows.find((row) => row.hasAttribute('aria-current')) ?? rows[0]
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_match, name) => values[name] ?? '')

function makeCurrent (row) {
  for (const each of rows) {
    each.classList.toggle('cw-crit--now', each === row)
    if (each === row) each.setAttribute('aria-current', 'true')
    else each.removeAttribute('aria-current')
  }
}

function goTo (row) {
  makeCurrent(row)
  row.focus({ preventScroll: true })
  row.scrollIntoView({ block: 'nearest' })
}

function step (from, by) {
  const to = rows[rows.indexOf(from) + by]
  if (to) goTo(to)
}

// ---- saving: what changed waits in `waiting` until the server has it; one request at a time keeps the order ----
const waiting = new Map()
let sending = null
let retry = 0
let timer = 0
let refused = false
let leaving = false

function queue (row) {
  const verdict = verdictOf(row)
  row.querySelector('[data-clear]').hidden = !verdict
  waiting.set(row.dataset.criterion, { verdict, note: verdict ? noteOf(row).value : '' })
  showJudged()
  flush()
}

function body (entries) {
  const fields = new URLSearchParams()
  for (const [index, said] of entries) {
    if (said.verdict) {
      fields.append(`verdict-${index}`, said.verdict)
      fields.append(`note-${index}`, said.note)
    } else {
      fields.append('cleared', index)
    }
  }
  return fields
}

// The cookie knows the token of the newest sign-in; the page's own ends when somebody signs in again in another tab.
function csrfToken () {
  const cookie = document.cookie.split('; ').find((each) => each.startsWith('csrftoken='))
  return cookie ? decodeURIComponent(cookie.split('=')[1]) : form.elements.csrfmiddlewaretoken.value
}

function flush () {
  clearTimeout(timer)
  sending ??= send().finally(() => { sending = null })
  return sending
}

async function send () {
  while (waiting.size) {
    const entries = [...waiting]
    show('saving')
    const answer = await post(entries)
    if (answer.problem) {
      refused = !answer.again
      show('failed', answer.problem)
      if (answer.again) later()
      return false
    }
    retry = 0
    for (const [index, said] of entries) if (waiting.get(index) === said) waiting.delete(index)
    showProgress(answer)
  }
  show('saved')
  return true
}

async function post (entries) {
  try {
    const response = await fetch(form.dataset.saveUrl, {
      method: 'POST',
      body: body(entries),
      credentials: 'same-origin',
      redirect: 'manual',
      headers: { 'X-CSRFToken': csrfToken(), Accept: 'application/json' }
    })
    const isJson = response.headers.get('Content-Type')?.startsWith('application/json')
    // Sent to the sign-in, or refused because the sign-in's token ended with it.
    if (response.type === 'opaqueredirect' || (response.status === 403 && !isJson)) {
      return { problem: words.signedOut, again: true }
    }
    if (response.ok && isJson) return await response.json()
    if (response.status >= 500) return { problem: words.failed, again: true }
    const message = isJson ? (await response.json()).message : ''
    return { problem: message || words.refused, again: false }
  } catch {
    return { problem: words.failed, again: true }
  }
}

function later () {
  retry = Math.min(retry ? retry * 2 : FIRST_RETRY, LONGEST_RETRY)
  timer = setTimeout(flush, retry)
}

// ---- what is said ----
const judged = () => rows.filter(verdictOf).length
let given = ''

function showJudged () {
  for (const place of document.querySelectorAll('.cw-jump [data-judged]')) place.textContent = judged()
  state.querySelector('[data-desk-judged]').textContent = fill(words.judging, { judged: judged(), total: rows.length })
}

function show (how, problem = '') {
  showJudged()
  let mark = state.querySelector('.cw-saved')
  if (!mark) {
    mark = document.createElement('span')
    state.append(', ', mark)
  }
  mark.className = how === 'saved' ? 'cw-saved' : `cw-saved cw-saved--${how}`
  mark.textContent = problem || words[how]
  if (how !== 'saving') announce(`${given} ${state.textContent}${how === 'saved' && judged() === rows.length ? `. ${words.last}` : ''}`)
  if (how === 'saved') given = ''
}

function announce (text) {
  live.textContent = text.trim()
}

function showProgress ({ done, total }) {
  const bar = document.getElementById('desk-progress')
  if (!bar || total === undefined) return
  bar.value = done
  const label = document.querySelector('label[for="desk-progress"]')
  const text = label.textContent.replace(/\d+/, done)
  label.textContent = text
  bar.textContent = text
}

// ---- what a person does ----
function judge (row, verdict) {
  const radio = radios(row).find((each) => each.value === verdict)
  radio.checked = true
  given = fill(words.given, { number: numberOf(row), verdict: radio.parentElement.firstChild.nextSibling.textContent.trim() })
  queue(row)
}

function clear (row) {
  for (const radio of radios(row)) radio.checked = false
  given = fill(words.cleared, { number: numberOf(row) })
  queue(row)
}

function openNote (row) {
  makeCurrent(row)
  row.querySelector('details').open = true
  noteOf(row).focus({ preventScroll: true })
  row.scrollIntoView({ block: 'nearest' })
}

function goOn () {
  const open = rows.find((row) => !verdictOf(row))
  if (open) {
    goTo(open)
    announce(fill(words.open, { number: numberOf(open) }))
  } else {
    form.requestSubmit(document.getElementById('desk-next'))
  }
}

const types = (element) => element.matches('textarea, select, input:not([type="radio"])')
const acts = (element) => element.matches('button, a, summary')

function onKey (event) {
  const target = event.target
  if (types(target)) {
    if (event.code === 'Escape' && target.matches('textarea')) goTo(rowOf(target))
    // Enter on the switch would send the whole form.
    if (event.code === 'Enter' && target.matches('input')) event.preventDefault()
    return
  }
  if (form.dataset.keys === 'off' || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return
  const row = currentRow()
  if (event.code in VERDICTS) {
    judge(row, VERDICTS[event.code])
    if (row === rows.at(-1)) goTo(row)
    else step(row, 1)
  } else if (CLEAR.includes(event.code)) {
    clear(row)
    goTo(row)
  } else if (event.code in STEPS) {
    step(row, STEPS[event.code])
  } else if (event.code === 'KeyN') {
    openNote(row)
  } else if ((event.code === 'Enter' || event.code === 'NumpadEnter') && !acts(target)) {
    goOn()
  } else {
    return
  }
  event.preventDefault()
}

let typing = 0

function onNote (row) {
  clearTimeout(typing)
  if (verdictOf(row)) queue(row)
  else if (noteOf(row).value.trim()) announce(fill(words.noteWaits, { number: numberOf(row) }))
}

function onChange (event) {
  const row = rowOf(event.target)
  if (!row) return
  if (event.target.matches('textarea')) {
    onNote(row)
  } else {
    makeCurrent(row)
    judge(row, event.target.value)
  }
}

// What the server didn't get yet goes first, so that a lost connection never ends on the browser's error page. What it
// refused goes too: its page says why, and shows everything again.
async function onSubmit (event) {
  form.elements.csrfmiddlewaretoken.value = csrfToken()
  if (leaving || (!waiting.size && !sending)) return
  event.preventDefault()
  const { submitter } = event
  if (!(await flush()) && !refused) return
  leaving = true
  form.requestSubmit(submitter)
}

function startKeysSwitch () {
  const box = document.getElementById('desk-keys')
  const apply = () => { form.dataset.keys = box.checked ? 'on' : 'off' }
  try {
    box.checked = localStorage.getItem(KEYS_SWITCH) !== 'off'
  } catch { /* storage may be forbidden: then the choice lasts as long as the page */ }
  apply()
  box.addEventListener('change', () => {
    apply()
    try {
      localStorage.setItem(KEYS_SWITCH, box.checked ? 'on' : 'off')
    } catch { /* see above */ }
  })
}

// A citation opens the list it points into; the browser then goes there by itself.
function onClick (event) {
  const row = rowOf(event.target)
  if (event.target.closest('[data-clear]')) {
    clear(row)
    goTo(row)
  } else if (event.target.closest('.cw-cite')) {
    document.getElementById('sources').open = true
  } else if (row && !types(event.target)) {
    makeCurrent(row)
  }
}

startKeysSwitch()
pane.addEventListener('keydown', onKey)
pane.addEventListener('change', onChange)
pane.addEventListener('click', onClick)
pane.addEventListener('focusin', (event) => { if (rowOf(event.target)) makeCurrent(rowOf(event.target)) })
pane.addEventListener('input', (event) => {
  if (!event.target.matches('textarea')) return
  clearTimeout(typing)
  const row = rowOf(event.target)
  typing = setTimeout(() => onNote(row), TYPING_PAUSE)
})
form.addEventListener('submit', onSubmit)
window.addEventListener('online', () => { if (waiting.size) flush() })
window.addEventListener('beforeunload', (event) => { if (waiting.size && !leaving) event.preventDefault() })
if (wide.matches && !document.querySelector('.nhsuk-error-summary')) {
  rows.find((row) => row.hasAttribute('aria-current'))?.focus({ preventScroll: true })
}
