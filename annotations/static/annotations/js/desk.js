// The grading desk: keys, what they do, and going from answer to answer. Without it the radios and the buttons do
// everything. Keys go by KeyboardEvent.code, so that a Korean input method doesn't eat them, and only while focus is
// among the criteria and not where text is typed.
import { Ahead } from './desk-ahead.js'
import { forgetSelected, isSelected, markQuotes, takeSelected, watchSelection } from './desk-quote.js'
import { Queue } from './desk-queue.js'
import {
  asksQuote, goTo, indexOf, makeCurrent, noteOf, numberOf, quoteOf, radiosOf, rowOf, rowsOf, saidIn, sameSaid, setSaid,
  verdictOf
} from './desk-row.js'
import { announce, fill, showJudged, showKept, showProgress, showState, words } from './desk-says.js'
import { areKeysOn, setKeys, showKeys, showPane } from './desk-switches.js'
import { startTimer } from './desk-timer.js'

const VERDICTS = {
  Digit1: 'met', Numpad1: 'met', Digit2: 'not_met', Numpad2: 'not_met', Digit3: 'cannot_judge', Numpad3: 'cannot_judge'
}
const STEPS = { ArrowDown: 1, KeyJ: 1, ArrowUp: -1, KeyK: -1 }
const TYPING_PAUSE = 1_000
const WIDE = window.matchMedia('(min-width: 62rem)')

const form = document.getElementById('desk')
const { account, session } = form.dataset
const help = document.getElementById('desk-help')
const said = new WeakMap() // by row: what was queued or loaded last
const done = new WeakMap() // by part: what can be taken back, oldest first
const finished = new Set() // positions whose every criterion has a verdict here

let part = document.getElementById('desk-part')
let given = ''
let state = ''
let leaving = false
let typing = 0

const timer = startTimer()
const ahead = new Ahead(account)
const queue = new Queue({ account, session, csrfToken, onChange: onQueue })

const rows = () => rowsOf(part)
const position = () => Number(part.dataset.position)
const currentRow = () => rowOf(document.activeElement) ?? rows().find((row) => row.hasAttribute('aria-current')) ?? rows()[0]
const isComplete = () => rows().every(verdictOf)

// The cookie knows the token of the newest sign-in; the page's own ends when somebody signs in again in another tab.
function csrfToken () {
  const cookie = document.cookie.split('; ').find((each) => each.startsWith('csrftoken='))
  return cookie ? decodeURIComponent(cookie.split('=')[1]) : form.elements.csrfmiddlewaretoken.value
}

function onQueue (news, answer) {
  state = news
  if (answer.total !== undefined) showProgress(answer)
  showState(part, queue.holds(position()) && state === 'saved' ? 'held' : state, { given, isLast: isComplete() })
  if (state === 'saved') given = ''
  if (state === 'refused') showKept(queue.refused)
  if (state === 'saved') ahead.fill(part)
}

// ---- what a person says of a criterion ----
function change (row, { back = false } = {}) {
  const now = saidIn(row)
  const before = said.get(row)
  row.querySelector('[data-clear]').hidden = !now.verdict
  if (sameSaid(before, now)) return
  if (!back) done.get(part).push({ row, before })
  said.set(row, now)
  if (isComplete()) finished.add(position())
  else finished.delete(position())
  showJudged(part)
  markAll()
  queue.add({
    ...now, index: indexOf(row), position: position(), url: part.dataset.saveUrl, name: part.dataset.name,
    seconds: timer.take(),
    // A finished practice answer can't be changed any more, so its last verdict goes when the grader goes on.
    held: Boolean(part.dataset.practice) && (isComplete() || queue.holds(position()))
  })
}

function judge (row, verdict) {
  for (const radio of radiosOf(row)) radio.checked = radio.value === verdict
  given = fill(words.given, { number: numberOf(row), verdict: words[verdict] })
  if (asksQuote(row) && !quoteOf(row).value) given += ` ${words.ask}`
  change(row)
}

function clear (row) {
  for (const radio of radiosOf(row)) radio.checked = false
  given = fill(words.cleared, { number: numberOf(row) })
  change(row)
}

function undo () {
  const unskip = document.getElementById('desk-unskip')
  const act = done.get(part).pop()
  if (act) {
    setSaid(act.row, act.before)
    given = words.undone
    change(act.row, { back: true })
    goTo(part, act.row)
  } else if (unskip) {
    form.requestSubmit(unskip)
  } else {
    announce(words.nothing)
  }
}

function markAll () {
  markQuotes(part, rows().map((row) => saidIn(row).quote))
}

// ---- words of the answer ----
function pick (row) {
  if (!quoteOf(row)) return
  makeCurrent(part, row)
  if (isSelected()) {
    quote(row)
  } else if (WIDE.matches) {
    quoteOf(row).focus()
    announce(words.select)
  } else {
    showPicking(true)
  }
}

function quote (row) {
  if (!isSelected()) return announce(words.select)
  quoteOf(row).value = takeSelected()
  given = fill(words.quoted, { number: numberOf(row) })
  showPicking(false)
  change(row)
  showPane('criteria')
  goTo(part, row)
}

function showPicking (on) {
  part.querySelector('#desk-picking').hidden = !on
  if (on) {
    showPane('answer')
    announce(words.select)
  }
}

// ---- from answer to answer ----
function goOn () {
  const open = rows().find((row) => !verdictOf(row))
  if (!open) return form.requestSubmit(document.getElementById('desk-next'))
  goTo(part, open)
  announce(fill(words.open, { number: numberOf(open) }))
}

const following = () => part.dataset.upcoming.split(' ').filter(Boolean).map(Number).find((each) => !finished.has(each))

function goBack () {
  const back = document.getElementById('desk-back')
  if (back) form.requestSubmit(back)
}

// What the server didn't get yet goes first, so that a lost connection never ends on the browser's error page. Then
// only the button is sent: what this page shows of the verdicts may be older than what another tab has saved.
async function onSubmit (event) {
  if (leaving) return
  event.preventDefault()
  const { submitter } = event
  const wish = submitter?.value ?? 'next'
  flushTyping()
  if (wish === 'next' && part.dataset.practice) {
    if (!isComplete()) return goOn()
    queue.release(position())
  }
  const to = wish === 'next' ? !part.dataset.practice && following() : Number(wish)
  if (to && ahead.has(to)) return show(to)
  // After a refusal going on is all right: what was refused stays on the next page.
  if (!(await queue.flush()) || !(await isReachable())) return announce(showState(part, 'stay', {}))
  leaving = true
  form.elements.csrfmiddlewaretoken.value = csrfToken()
  for (const row of rows()) for (const field of row.querySelectorAll('input, textarea')) field.disabled = true
  form.requestSubmit(submitter)
}

async function isReachable () {
  try {
    return (await fetch(document.querySelector('link[rel="icon"]').href, { method: 'HEAD', cache: 'no-store' })).ok
  } catch {
    return false
  }
}

function show (to, { isNew = true } = {}) {
  const next = ahead.take(to)
  ahead.keep(part)
  part.replaceWith(next)
  part = next
  start()
  document.title = part.dataset.title
  if (isNew) history.pushState(null, '', part.dataset.url)
  window.scrollTo(0, 0)
  showPane('answer')
  if (WIDE.matches) goTo(part, rows().find((row) => !verdictOf(row)) ?? rows()[0])
  else part.querySelector('#pane-answer').focus({ preventScroll: true })
  announce(part.dataset.title)
  if (!queue.isEmpty()) showState(part, state, { given: part.dataset.title })
  ahead.fill(part)
}

// An answer that comes to the desk: what waits for the server stands before what the server said.
function start () {
  const pending = queue.pending(position())
  for (const row of rows()) {
    if (!said.has(row)) {
      said.set(row, saidIn(row))
      if (pending.has(indexOf(row))) {
        setSaid(row, pending.get(indexOf(row)))
        said.set(row, saidIn(row))
      }
    }
  }
  if (!done.has(part)) done.set(part, [])
  if (isComplete()) finished.add(position())
  form.action = part.dataset.url
  showKeys()
  showJudged(part)
  markAll()
  timer.reset()
  forgetSelected()
}

// ---- hands ----
const types = (element) => element.matches('textarea, select, input:not([type="radio"])')
const acts = (element) => element.matches('button, a, summary')

function openPanel (id, field) {
  const panel = part.querySelector(id)
  if (!panel) return
  panel.open = true
  panel.querySelector(field).focus()
}

function openNote (row) {
  makeCurrent(part, row)
  noteOf(row).closest('details').open = true
  noteOf(row).focus({ preventScroll: true })
  row.scrollIntoView({ block: 'nearest' })
}

const KEYS = {
  Digit0: clearCurrent,
  Numpad0: clearCurrent,
  KeyN: () => openNote(currentRow()),
  KeyQ: () => pick(currentRow()),
  KeyZ: undo,
  KeyF: () => openPanel('#desk-flag', 'textarea'),
  KeyS: () => openPanel('#desk-skip', 'textarea'),
  KeyB: goBack,
  BracketLeft: goBack,
  Slash: () => help.showModal()
}

function clearCurrent () {
  const row = currentRow()
  clear(row)
  goTo(part, row)
}

function step (by) {
  const to = rows()[rows().indexOf(currentRow()) + by]
  if (to) goTo(part, to)
}

function onKey (event) {
  const { target, code } = event
  if (types(target)) return onTypingKey(event)
  if (!areKeysOn() || event.ctrlKey || event.altKey || event.metaKey) return
  if (event.shiftKey && code !== 'Slash') return
  if (!target.closest('#pane-criteria')) {
    // The words are selected in the answer, so this key works there too.
    if (code !== 'KeyQ' || !target.closest('#pane-answer') || !isSelected()) return
  }
  if (code in VERDICTS) {
    const row = currentRow()
    judge(row, VERDICTS[code])
    goTo(part, rows()[rows().indexOf(row) + 1] ?? row)
  } else if (code in STEPS) {
    step(STEPS[code])
  } else if (code in KEYS) {
    KEYS[code]()
  } else if ((code === 'Enter' || code === 'NumpadEnter') && !acts(target)) {
    goOn()
  } else {
    return
  }
  event.preventDefault()
}

function onTypingKey (event) {
  const { target, code } = event
  if (code === 'Escape' && target.matches('textarea')) goTo(part, rowOf(target) ?? currentRow())
  if (code !== 'Enter' && code !== 'NumpadEnter') return
  // Enter on the switch would send the whole form; a quote is one line.
  if (target.matches('input, [data-quote]')) event.preventDefault()
  if (target.matches('[data-quote]')) goTo(part, rowOf(target))
}

function onText (row) {
  clearTimeout(typing)
  typing = 0
  if (verdictOf(row)) change(row)
  else if (noteOf(row).value.trim()) announce(fill(words.noteWaits, { number: numberOf(row) }))
}

function flushTyping () {
  const row = rowOf(document.activeElement)
  if (typing && row) onText(row)
}

function onInput (event) {
  const row = rowOf(event.target)
  if (!row || !event.target.matches('textarea')) return
  clearTimeout(typing)
  typing = setTimeout(() => onText(row), TYPING_PAUSE)
}

function onChange (event) {
  const row = rowOf(event.target)
  if (event.target.id === 'desk-keys') {
    setKeys(event.target.checked)
  } else if (row && event.target.matches('textarea')) {
    onText(row)
  } else if (row) {
    makeCurrent(part, row)
    judge(row, event.target.value)
  }
}

function onClick (event) {
  const { target } = event
  const row = rowOf(target)
  const on = (selector) => target.closest(selector)
  if (on('[data-clear]')) {
    clear(row)
    goTo(part, row)
  } else if (on('[data-use]')) {
    pick(row)
  } else if (on('[data-pick]')) {
    quote(rows().find((each) => each.hasAttribute('aria-current')))
  } else if (on('[data-pick-cancel]')) {
    showPicking(false)
    showPane('criteria')
  } else if (on('[data-help]')) {
    help.showModal()
  } else if (on('[data-help-close]')) {
    help.close()
  } else if (on('[data-kept-away]')) {
    for (const { id } of queue.refused.all()) queue.refused.remove(id)
    showKept(queue.refused)
  } else if (on('.cw-jump a')) {
    showPane(on('.cw-jump a').hash.replace('#pane-', ''))
  } else if (on('.cw-cite')) {
    showPane('answer')
    document.getElementById('sources').open = true
  } else if (row && !types(target)) {
    makeCurrent(part, row)
    if (document.activeElement === document.body) row.focus({ preventScroll: true })
  }
}

watchSelection(() => part)
start()
showPane(part.querySelector('.nhsuk-error-summary, .cw-skipped') ? 'criteria' : 'answer')
form.addEventListener('keydown', onKey)
form.addEventListener('change', onChange)
form.addEventListener('input', onInput)
form.addEventListener('click', onClick)
form.addEventListener('submit', onSubmit)
form.addEventListener('focusin', (event) => { if (rowOf(event.target)) makeCurrent(part, rowOf(event.target)) })
window.addEventListener('popstate', () => {
  // The links to the panes add steps of their own, which stay with their answer.
  const to = Number(window.location.pathname.match(/(\d+)\/$/)?.[1])
  if (to === position()) return
  if (ahead.has(to)) show(to, { isNew: false })
  else window.location.reload()
})
window.addEventListener('beforeunload', (event) => { if (queue.waiting.isFleeting() && !leaving) event.preventDefault() })
showKept(queue.refused)
queue.resume()
if (queue.isEmpty()) ahead.fill(part)
if (WIDE.matches && !document.querySelector('.nhsuk-error-summary')) {
  rows().find((row) => row.hasAttribute('aria-current'))?.focus({ preventScroll: true })
}
