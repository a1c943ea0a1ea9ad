// The words of the answer that a verdict is about: taken from the selection, marked in the answer.
const LONGEST = 2_000
let partNow = () => document.body
let last = ''

const answerOf = (part) => part.querySelector('.cw-turn--answer')
const bare = (text) => text.replace(/\s+/g, '')

// A tap on a button may end the selection, so the last one is remembered until it is used.
export function watchSelection (part) {
  partNow = part
  document.addEventListener('selectionchange', remember)
}

function remember () {
  const selection = document.getSelection()
  const text = selection.toString().replace(/\s+/g, ' ').trim()
  const answer = answerOf(partNow())
  if (text && answer?.contains(selection.anchorNode) && answer.contains(selection.focusNode)) last = text
}

export function isSelected () {
  remember()
  return last !== ''
}

export function takeSelected () {
  const text = last.slice(0, LONGEST)
  forgetSelected()
  return text
}

export function forgetSelected () {
  last = ''
  document.getSelection().removeAllRanges()
}

export function markQuotes (part, quotes) {
  const answer = answerOf(part)
  if (!answer) return
  for (const mark of answer.querySelectorAll('mark')) mark.replaceWith(...mark.childNodes)
  answer.normalize()
  for (const quote of quotes) if (bare(quote)) mark(answer, bare(quote))
}

// Spaces and line ends differ between what is selected and what is written, so both are compared without them.
function mark (answer, wanted) {
  const letters = []
  const walker = document.createTreeWalker(answer, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest('.cw-role')) continue
    for (let place = 0; place < node.data.length; place++) {
      if (!/\s/.test(node.data[place])) letters.push({ node, place })
    }
  }
  const start = letters.map(({ node, place }) => node.data[place]).join('').indexOf(wanted)
  if (start < 0) return
  const ends = new Map()
  for (const { node, place } of letters.slice(start, start + wanted.length)) {
    ends.set(node, { from: ends.get(node)?.from ?? place, to: place + 1 })
  }
  for (const [node, { from, to }] of ends) {
    const range = document.createRange()
    range.setStart(node, from)
    range.setEnd(node, to)
    range.surroundContents(document.createElement('mark'))
  }
}
