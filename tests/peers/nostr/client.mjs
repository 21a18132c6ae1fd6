// Reads what namesys writes, with nostr-tools: one JSON object in, one out.
// {"nsec", "npub", "nip05": the text of the file, "name"} gives the secret and
// public key in hexadecimal digits, the public key that follows from the secret
// one, and whether an event that is signed with it verifies.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { finalizeEvent, getPublicKey, verifyEvent } from 'nostr-tools/pure'
import * as nip05 from 'nostr-tools/nip05'
import * as nip19 from 'nostr-tools/nip19'

const asked = JSON.parse(readFileSync(0, 'utf8'))
const secret = nip19.decode(asked.nsec)
const event = finalizeEvent({ kind: 1, created_at: 0, tags: [], content: 'hello' }, secret.data)

const server = createServer((_, answer) => {
  answer.setHeader('content-type', 'application/json')
  answer.end(asked.nip05)
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address()
// The library asks over TLS; the file is what is tried here.
nip05.useFetchImplementation((url, ...rest) => {
  const { pathname, search } = new URL(url)
  return fetch(`http://127.0.0.1:${port}${pathname}${search}`, ...rest)
})
const profile = await nip05.queryProfile(`${asked.name}@nick.example`)
server.close()

console.log(JSON.stringify({
  kind: secret.type,
  secret: Buffer.from(secret.data).toString('hex'),
  npub: nip19.decode(asked.npub),
  public: getPublicKey(secret.data),
  verified: verifyEvent(event),
  nip05: profile?.pubkey ?? null
}))
