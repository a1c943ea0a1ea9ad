// How long somebody really works on an answer: a pause longer than `idle` counts as `idle`, a hidden tab not at all.
// Nothing of it is shown.
const INPUTS = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'scroll', 'touchmove']
const IDLE = 60_000

export function startTimer (idle = IDLE) {
  let worked = 0
  let last = performance.now()
  let visible = document.visibilityState === 'visible'

  function settle () {
    const now = performance.now()
    if (visible) worked += Math.min(now - last, idle)
    last = now
  }

  for (const each of INPUTS) document.addEventListener(each, settle, { capture: true, passive: true })
  document.addEventListener('visibilitychange', () => {
    settle()
    visible = document.visibilityState === 'visible'
  })

  return {
    // Whole seconds since they were last taken; what is less stays for the next time.
    take () {
      settle()
      const seconds = Math.floor(worked / 1000)
      worked -= seconds * 1000
      return seconds
    },
    reset () {
      settle()
      worked = 0
    }
  }
}
