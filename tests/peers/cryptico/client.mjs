// Does as the deployed client does, with its library: one JSON object in, one out.
// {"cases": [{"okm": 42 bytes in hex, "invoice", "stealth"}]} gives for each the
// key that follows, what it reads in the text, and the invoice encrypted to it.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const cryptico = createRequire(import.meta.url)('cryptico-js/dist/cryptico.browser.js')

const { cases } = JSON.parse(readFileSync(0, 'utf8'))
console.log(JSON.stringify(cases.map(({ okm, invoice, stealth }) => {
  const key = cryptico.generateRSAKey(new Uint8Array(Buffer.from(okm, 'hex')), 2048)
  const rsa = cryptico.publicKeyString(key)
  return {
    rsa,
    read: cryptico.decrypt(stealth, key),
    stealth: cryptico.encrypt(invoice, rsa).cipher
  }
})))
