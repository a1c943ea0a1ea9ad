// What one account keeps in this browser until the server has it, and who of several tabs may send it. Every entry has
// a key of its own, so that no tab writes over what another one adds.
const PRIVATE = 'clinwright.private.'
const LEASES = 'clinwright.lease.'
const LEASE = 15_000
const TAB = randomId()

// crypto.randomUUID exists only on secure pages; a ward may have none.
export function randomId () {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = [...bytes].map((each) => each.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds) })

// Storage may be forbidden or full: then the entries last as long as the page.
export function openStore (account, name) {
  const prefix = `${PRIVATE}${account}.${name}.`
  const memory = new Map()

  const stored = () => {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(prefix))
    } catch {
      return []
    }
  }
  const raw = (id) => {
    if (memory.has(id)) return memory.get(id)
    try {
      return localStorage.getItem(prefix + id)
    } catch {
      return null
    }
  }
  const write = (id, text) => {
    try {
      localStorage.setItem(prefix + id, text)
      memory.delete(id)
    } catch {
      memory.set(id, text)
    }
  }
  const read = (id) => {
    try {
      return JSON.parse(raw(id))
    } catch {
      return null
    }
  }
  const ids = () => [...new Set([...stored().map((key) => key.slice(prefix.length)), ...memory.keys()])].sort()

  return {
    prefix,
    // All entries, oldest first.
    all: () => ids().map((id) => ({ id, entry: read(id) })).filter((each) => each.entry),
    // The place in line: after everything there is, even if the clock was set back.
    add (entry) {
      const last = Number(ids().at(-1)?.split('-')[0] ?? 0)
      const id = `${String(Math.max(Date.now(), last + 1)).padStart(15, '0')}-${TAB.slice(0, 8)}`
      write(id, JSON.stringify(entry))
    },
    replace: (id, entry) => write(id, JSON.stringify(entry)),
    remove (id) {
      memory.delete(id)
      try {
        localStorage.removeItem(prefix + id)
      } catch { /* there was nothing to keep it in */ }
    },
    // What would go with the page.
    isFleeting: () => memory.size > 0
  }
}

// One tab at a time. Without the lock manager (no secure page) a lease in the storage does; should it fail for once,
// the keys of the acts keep them from counting twice.
export async function oneTabAtATime (name, work) {
  if (navigator.locks) return navigator.locks.request(name, work)
  try {
    localStorage.getItem(name)
  } catch {
    return work()
  }
  return leased(LEASES + name, work)
}

async function leased (name, work) {
  const holder = () => { try { return JSON.parse(localStorage.getItem(name)) } catch { return null } }
  const hold = () => localStorage.setItem(name, JSON.stringify({ tab: TAB, until: Date.now() + LEASE }))
  for (;;) {
    const now = holder()
    if (!now || now.tab === TAB || !(now.until > Date.now()) || now.until > Date.now() + LEASE) {
      hold()
      // Another tab may have written at the same moment: whoever wrote last holds it.
      await pause(60)
      if (holder()?.tab === TAB) break
    }
    await pause(200)
  }
  const renewal = setInterval(hold, LEASE / 3)
  try {
    return await work()
  } finally {
    clearInterval(renewal)
    if (holder()?.tab === TAB) localStorage.removeItem(name)
  }
}
