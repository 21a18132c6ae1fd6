// Reads a file of Safe's Transaction Builder, its checksum included.
//     node safe.mjs FILE

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { TxBuilder } = createRequire(import.meta.url)("@morpho-labs/gnosis-tx-builder");
const text = readFileSync(process.argv[2]);
const changed = JSON.parse(text);
changed.transactions[0].value = "1";
let refused = false;
try {
  TxBuilder.parse(JSON.stringify(changed));
} catch {
  refused = true;
}
if (!refused) throw new Error("it takes a file that was changed");
console.log(JSON.stringify(TxBuilder.parse(text)));
