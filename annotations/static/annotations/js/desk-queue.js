// Verdicts on their way: kept in the browser until the server has them, sent in the order they were given, once each.
// What the server refuses is kept apart, to be shown and copied.
import { oneTabAtATime, openStore, randomId } from './desk-store.js'

const FIRST_RETRY = 2_000
const LONGEST_RETRY = 30_000
const PATIENCE = 20_000
const MOST_AT_ONCE = 100

export class Queue {
  // `csrfToken` gives the token of the newest sign-in. `onChange` hears of a state (saving, saved, waiting, signedOut,
  // other, refused) and of what the server answered.
  constructor ({ account, session, csrfToken, onChange }) {
    this.account = account
    this.csrfToken = csrfToken
    this.onChange = onChange
    this.waiting = openStore(account, `waiting.${session}`)
    this.refused = openStore(account, `refused.${session}`)
    this.sending = null
    this.retry = 0
    this.timer = 0
    this.oneByOne = false
    this.underWay = new Set()
    // Keys of acts that were sent without an answer: the server may have them already.
    this.tried = new Set()
    window.addEventListener('online', () => this.resume())
    window.addEventListener('storage', (event) => {
      if (event.key?.startsWith(this.waiting.prefix)) this.onChange(this.isEmpty() ? 'saved' : 'saving', {})
    })
  }

  // act: { position, url, name, index, verdict, note, quote, seconds, held }; a held one waits for `release`.
  add (act) {
    const last = this.waiting.all().at(-1)
    // Typing goes on: the note grows, and is still one act.
    if (last && !this.underWay.has(last.id) && continues(last.entry, act)) {
      const seconds = last.entry.seconds + act.seconds
      this.waiting.replace(last.id, { ...act, key: randomId(), seconds })
    } else {
      this.waiting.add({ ...act, key: randomId() })
    }
    this.flush()
  }

  release (position) {
    for (const { id, entry } of this.waiting.all()) {
      if (entry.held && entry.position === position) this.waiting.replace(id, { ...entry, held: false })
    }
  }

  // The last word on each criterion of an answer that the server hasn't got yet.
  pending (position) {
    const acts = this.waiting.all().map((each) => each.entry).filter((entry) => entry.position === position)
    return new Map(acts.map((entry) => [entry.index, entry]))
  }

  holds (position) {
    return this.waiting.all().some(({ entry }) => entry.held && entry.position === position)
  }

  isEmpty () {
    return this.sendable().length === 0
  }

  sendable () {
    return this.waiting.all().filter(({ entry }) => !entry.held)
  }

  resume () {
    if (!this.isEmpty()) this.flush()
  }

  // Resolves to whether everything was delivered or refused.
  flush () {
    clearTimeout(this.timer)
    this.sending ??= this.run().finally(() => { this.sending = null })
    return this.sending
  }

  async run () {
    let done = true
    while (done && !this.isEmpty()) {
      // Said before it is this tab's turn: an answer that comes to the desk meanwhile shows it.
      this.onChange('saving', {})
      done = await oneTabAtATime(this.waiting.prefix, () => this.drain())
    }
    return done
  }

  async drain () {
    for (let batch = this.next(); batch.length; batch = this.next()) {
      for (const { id } of batch) this.underWay.add(id)
      const answer = await this.post(batch.map((each) => each.entry))
      for (const { id } of batch) this.underWay.delete(id)
      if (answer.again) {
        for (const { entry } of batch) this.tried.add(entry.key)
        this.later()
        this.onChange(answer.again, {})
        return false
      }
      this.settle(batch, answer)
    }
    return true
  }

  // Acts on one answer that follow each other go together, but what was tried before goes without what is new: a batch
  // that the server knows adds no working time.
  next () {
    const line = this.sendable()
    const first = line[0]?.entry
    const end = line.findIndex(({ entry }) => {
      return entry.position !== first.position || this.tried.has(entry.key) !== this.tried.has(first.key)
    })
    return line.slice(0, this.oneByOne ? 1 : Math.min(end < 0 ? line.length : end, MOST_AT_ONCE))
  }

  settle (batch, answer) {
    this.retry = 0
    for (const { entry } of batch) this.tried.delete(entry.key)
    if (answer.refusal && answer.status === 422 && batch.length > 1) {
      // One of them is wrong: the others shall not suffer for it.
      this.oneByOne = true
      return
    }
    this.oneByOne = this.oneByOne && !answer.refusal && this.sendable().length > 1
    const now = new Map(this.waiting.all().map(({ id, entry }) => [id, entry]))
    for (const { id, entry } of batch) {
      if (answer.refusal) this.refused.add({ ...entry, why: answer.refusal })
      // Typed on in another tab meanwhile: that is a new act in the old one's place.
      if (now.get(id)?.key === entry.key) this.waiting.remove(id)
    }
    const state = this.isEmpty() ? 'saved' : 'saving'
    this.onChange(answer.refusal ? 'refused' : state, { ...answer, position: batch[0].entry.position })
  }

  later () {
    this.retry = Math.min(this.retry ? this.retry * 2 : FIRST_RETRY, LONGEST_RETRY)
    this.timer = setTimeout(() => this.resume(), this.retry)
  }

  async post (acts) {
    const verdicts = acts.map((act) => ({
      key: act.key, criterion_index: act.index, verdict: act.verdict, explanation: act.note, quote: act.quote
    }))
    const seconds = acts.reduce((sum, act) => sum + act.seconds, 0)
    try {
      const response = await fetch(acts[0].url, {
        method: 'POST',
        body: JSON.stringify({ verdicts, seconds }),
        credentials: 'same-origin',
        redirect: 'manual',
        signal: AbortSignal.timeout(PATIENCE),
        headers: {
          'X-CSRFToken': this.csrfToken(),
          'X-Desk-Account': this.account,
          'Content-Type': 'application/json',
          Accept: 'application/json'
        }
      })
      return await understood(response)
    } catch {
      return { again: 'waiting' }
    }
  }
}

async function understood (response) {
  const isJson = response.headers.get('Content-Type')?.startsWith('application/json')
  // Sent to the sign-in, or refused because the sign-in's token ended with it.
  if (response.type === 'opaqueredirect' || (response.status === 403 && !isJson)) return { again: 'signedOut' }
  if (response.status >= 500 || response.status === 429) return { again: 'waiting' }
  if (!isJson) return response.ok ? { again: 'waiting' } : { refusal: ' ', status: response.status }
  const said = await response.json()
  if (response.ok) return said
  if (said.code === 'other_account') return { again: 'other' }
  return { refusal: said.message || ' ', status: response.status }
}

function continues (before, now) {
  const same = ['position', 'index', 'verdict', 'held'].every((name) => before[name] === now[name])
  return same && Boolean(now.verdict)
}
