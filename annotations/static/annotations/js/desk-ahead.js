// The grader's other answers, at hand: those to come, fetched ahead, and those that were on the desk. They are kept
// in the page alone, so that no case stays behind on a ward's computer.
const MOST = 16

export class Ahead {
  constructor (account) {
    this.account = account
    this.parts = new Map()
    this.fetching = null
    this.around = null
  }

  has (position) {
    return this.parts.has(Number(position))
  }

  keep (part) {
    this.parts.set(Number(part.dataset.position), part)
    // The oldest goes first.
    for (const position of [...this.parts.keys()].slice(0, Math.max(0, this.parts.size - MOST))) this.parts.delete(position)
  }

  take (position) {
    const part = this.parts.get(Number(position))
    this.parts.delete(Number(position))
    return part
  }

  forget (position) {
    this.parts.delete(Number(position))
  }

  // Fetches what is missing around the newest part, one after the other; a failure ends it until the next time.
  fill (part) {
    this.around = part
    this.fetching ??= this.fetchAround().finally(() => { this.fetching = null })
    return this.fetching
  }

  async fetchAround () {
    let part = null
    while (part !== this.around) {
      part = this.around
      await this.fetchAll(part)
    }
  }

  async fetchAll (part) {
    for (const position of part.dataset.upcoming.split(' ').filter(Boolean)) {
      if (this.has(position)) continue
      const found = await this.fetchPart(part.dataset.url.replace(/\d+\/$/, `${position}/`))
      if (!found || part !== this.around) return
      this.keep(found)
    }
  }

  async fetchPart (url) {
    try {
      const response = await fetch(url, {
        credentials: 'same-origin', redirect: 'manual', headers: { 'X-Desk-Fragment': 'ahead' }
      })
      if (!response.ok) return null
      const found = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('desk-part')
      // Somebody else may have signed in at this computer.
      return found?.dataset.account === this.account ? document.importNode(found, true) : null
    } catch {
      return null
    }
  }
}
