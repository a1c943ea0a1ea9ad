// Two switches of the desk: whether single keys do anything, and which pane a narrow screen shows.
const KEYS_SWITCH = 'clinwright.desk.keys'
const form = document.getElementById('desk')

// Storage may be forbidden: then the choice lasts as long as the page.
let keysOn = true
try {
  keysOn = localStorage.getItem(KEYS_SWITCH) !== 'off'
} catch { /* see above */ }

export const areKeysOn = () => keysOn

export function setKeys (on) {
  keysOn = on
  showKeys()
  try {
    localStorage.setItem(KEYS_SWITCH, on ? 'on' : 'off')
  } catch { /* see above */ }
}

// Every answer brings its own box.
export function showKeys () {
  document.getElementById('desk-keys').checked = keysOn
  form.dataset.keys = keysOn ? 'on' : 'off'
}

export function showPane (name) {
  form.dataset.pane = name
  for (const link of form.querySelectorAll('.cw-jump a')) {
    if (link.hash === `#pane-${name}`) link.setAttribute('aria-current', 'location')
    else link.removeAttribute('aria-current')
  }
}
