// Drives the official w3name client for the tests of namesys: one JSON object
// a line in, {"op", …}; one a line out, the answer or {"error": message}.
// Bytes are hex, sequence and ttl_ns decimal text (they are bigints there).

import { createInterface } from 'node:readline'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import * as Name from 'w3name'
import W3NameService from 'w3name/service'

const hex = (bytes) => Buffer.from(bytes).toString('hex')
const bytes = (text) => Uint8Array.from(Buffer.from(text, 'hex'))
const service = (endpoint) => new W3NameService(new URL(endpoint))

const show = (revision) => ({
  name: revision.name.toString(),
  value: revision.value,
  sequence: revision.sequence.toString(),
  validity: revision.validity,
  ttl_ns: revision.ttl.toString()
})

const revisionOf = (name, { value, sequence, validity, ttl_ns: ttl }) =>
  new Name.Revision(name, value, BigInt(sequence), validity, { ttl: BigInt(ttl) })

const operations = {
  // A new key, in the client's own form (seed and public key), and its name.
  async create () {
    const name = await Name.create()
    return { name: name.toString(), raw: hex(name.key.raw) }
  },

  // The name of a key in any form the client loads.
  async load ({ key }) {
    return { name: (await Name.from(bytes(key))).toString() }
  },

  // The way of the client's own documentation: v0 first, increment after.
  async publish ({ endpoint, key, value, first }) {
    const name = await Name.from(bytes(key))
    const revision = first
      ? await Name.v0(name, value)
      : await Name.increment(await Name.resolve(name, service(endpoint)), value)
    await Name.publish(revision, name.key, service(endpoint))
    return show(revision)
  },

  // A revision with every field chosen.
  async put ({ endpoint, key, ...fields }) {
    const name = await Name.from(bytes(key))
    const revision = revisionOf(name, fields)
    await Name.publish(revision, name.key, service(endpoint))
    return show(revision)
  },

  // The client's own request, with a record it did not make.
  async post ({ endpoint, name, record }) {
    const body = Buffer.from(record, 'hex').toString('base64')
    const response = await fetch(new URL(`name/${name}`, endpoint), { method: 'POST', body })
    return { status: response.status, ...(await response.json()) }
  },

  // What the service serves, to compare byte for byte.
  async get ({ endpoint, name }) {
    const response = await fetch(new URL(`name/${name}`, endpoint))
    const { record } = await response.json()
    return { status: response.status, record: hex(Buffer.from(record, 'base64')) }
  },

  async resolve ({ endpoint, name }) {
    return show(await Name.resolve(Name.parse(name), service(endpoint)))
  },

  encode ({ name, ...fields }) {
    return { revision: hex(Name.Revision.encode(revisionOf(Name.parse(name), fields))) }
  },

  decode ({ revision }) {
    return show(Name.Revision.decode(bytes(revision)))
  },

  async increment ({ revision, value }) {
    return show(await Name.increment(Name.Revision.decode(bytes(revision)), value))
  },

  // What Node's OpenSSL reads from a PKCS#8 PEM.
  openssl ({ pem }) {
    const key = createPrivateKey(pem)
    const { d } = key.export({ format: 'jwk' })
    const { x } = createPublicKey(key).export({ format: 'jwk' })
    const decode = (part) => hex(Buffer.from(part, 'base64url'))
    return { type: key.asymmetricKeyType, seed: decode(d), public_key: decode(x) }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer
  try {
    const { op, ...question } = JSON.parse(line)
    answer = await operations[op](question)
  } catch (error) {
    answer = { error: error.message }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
