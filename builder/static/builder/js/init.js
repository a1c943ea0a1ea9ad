// Starts the design system's components, again after every htmx swap, and small behaviours that need no markup of
// their own. A module of ours, because the policy forbids the inline snippet the library suggests.
import { initAll } from '../../vendor/nhsuk-10.6.1/nhsuk-frontend.min.js'

document.body.classList.add('js-enabled', 'nhsuk-frontend-supported')

// After an outerHTML swap the new element is itself the one to start, and the library looks only below its scope;
// the parent would do, but then its older neighbours report that they are already started.
function start (scope) {
  initAll({
    scope,
    onError: (error) => {
      if (error.name !== 'InitError') console.error(error)
    }
  })
}

function focusErrorSummary (element) {
  const selector = '.nhsuk-error-summary'
  const summary = element.matches?.(selector) ? element : element.querySelector?.(selector)
  if (!summary) return
  summary.setAttribute('tabindex', '-1')
  summary.focus()
}

async function copyText (button) {
  const source = document.querySelector(button.dataset.copy)
  if (!source) return
  try {
    await navigator.clipboard.writeText(source.textContent.trim())
    button.textContent = button.dataset.copied
  } catch {
    // No clipboard outside a secure context: mark the text, so that one key copies it.
    window.getSelection().selectAllChildren(source)
    source.focus()
  }
}

start(document)

document.addEventListener('htmx:afterSettle', (event) => {
  const element = event.detail.elt
  if (!element?.isConnected) return
  start(element.parentElement ?? element)
  focusErrorSummary(element)
})

document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-copy]')
  if (button) copyText(button)
})

// What an account keeps in this browser until the server has it (`clinwright.private.ACCOUNT.…`) goes when it signs
// out, because others use the same computer; the person is asked first.
document.addEventListener('submit', (event) => {
  const { account, unsent } = event.target.dataset
  if (!unsent) return
  let own = []
  try {
    own = Object.keys(localStorage).filter((key) => key.startsWith(`clinwright.private.${account}.`))
  } catch { /* storage is forbidden: then nothing is kept */ }
  if (own.length && !window.confirm(unsent)) event.preventDefault()
  else for (const key of own) localStorage.removeItem(key)
})
