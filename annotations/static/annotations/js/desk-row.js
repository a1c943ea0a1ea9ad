// One criterion on the desk: what it says now, and how to set it.
export const rowOf = (element) => element.closest?.('[data-criterion]') ?? null
export const rowsOf = (part) => [...part.querySelectorAll('[data-criterion]')]
export const indexOf = (row) => Number(row.dataset.criterion)
export const numberOf = (row) => indexOf(row) + 1
export const noteOf = (row) => row.querySelector('[data-note]')
export const quoteOf = (row) => row.querySelector('[data-quote]')
export const radiosOf = (row) => [...row.querySelectorAll('input[type="radio"]')]
export const verdictOf = (row) => radiosOf(row).find((radio) => radio.checked)?.value ?? ''
export const asksQuote = (row) => Boolean(quoteOf(row)) && verdictOf(row) === 'met'

// What would be sent: a note without a verdict has nowhere to be kept, a quote goes with *met*.
export function saidIn (row) {
  const verdict = verdictOf(row)
  return {
    verdict,
    note: verdict ? noteOf(row).value : '',
    quote: verdict === 'met' ? quoteOf(row)?.value ?? '' : ''
  }
}

export const sameSaid = (one, other) => ['verdict', 'note', 'quote'].every((name) => one[name] === other[name])

export function setSaid (row, { verdict, note, quote }) {
  for (const radio of radiosOf(row)) radio.checked = radio.value === verdict
  noteOf(row).value = note
  if (note) noteOf(row).closest('details').open = true
  if (quoteOf(row)) quoteOf(row).value = quote
  row.querySelector('[data-clear]').hidden = !verdict
}

export function makeCurrent (part, row) {
  for (const each of rowsOf(part)) {
    each.classList.toggle('cw-crit--now', each === row)
    if (each === row) each.setAttribute('aria-current', 'true')
    else each.removeAttribute('aria-current')
  }
}

export function goTo (part, row) {
  makeCurrent(part, row)
  row.focus({ preventScroll: true })
  row.scrollIntoView({ block: 'nearest' })
}
