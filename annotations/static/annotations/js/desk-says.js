// What the desk says: how far the grader is, whether it is saved, and what the server wouldn't take.
import { rowsOf, verdictOf } from './desk-row.js'

export const words = document.getElementById('desk-words').dataset
const live = document.getElementById('desk-live')
const QUIET = ['saving']

export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_match, name) => values[name] ?? '')

export function announce (text) {
  live.textContent = text.trim()
}

export function showJudged (part) {
  const judged = rowsOf(part).filter(verdictOf).length
  for (const place of part.querySelectorAll('.cw-jump [data-judged]')) place.textContent = judged
  part.querySelector('[data-desk-judged]').textContent = fill(words.judging, { judged, total: rowsOf(part).length })
}

// Returns the sentence that is shown.
export function showState (part, state, { given = '', isLast = false }) {
  showJudged(part)
  const place = part.querySelector('#desk-state')
  let mark = place.querySelector('.cw-saved')
  if (!mark) {
    mark = document.createElement('span')
    place.append(', ', mark)
  }
  const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  mark.className = state === 'saved' ? 'cw-saved' : `cw-saved cw-saved--${QUIET.includes(state) ? state : 'failed'}`
  mark.textContent = fill(words[state], { time })
  const further = isLast && (state === 'saved' || state === 'held') ? ` ${words.last}` : ''
  if (!QUIET.includes(state)) announce(`${given} ${place.textContent.replace(/\.?$/, '.')}${further}`)
  return mark.textContent
}

export function showProgress ({ done, total }) {
  const bar = document.getElementById('desk-progress')
  if (!bar) return
  bar.value = done
  bar.max = Math.max(1, total)
  const label = document.querySelector('label[for="desk-progress"]')
  label.textContent = fill(words.progress, { done, total })
  bar.textContent = label.textContent
}

// What was refused stays in sight, with the reason, until the person has copied it or doesn't need it.
export function showKept (store) {
  const entries = store.all().map((each) => each.entry)
  const panel = document.getElementById('desk-kept')
  panel.hidden = entries.length === 0
  if (!entries.length) return
  const reasons = new Set(entries.map((entry) => entry.why.trim() || words.refused))
  document.getElementById('desk-kept-why').textContent = [...reasons].join(' ')
  document.getElementById('desk-kept-text').textContent = entries.map((entry) => {
    const line = fill(words.kept, { name: entry.name, number: entry.index + 1, verdict: words[entry.verdict || 'none'] })
    return [line, entry.note, entry.quote && `“${entry.quote}”`].filter(Boolean).join('\n')
  }).join('\n')
}
