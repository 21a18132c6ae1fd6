// The creation bytecode of ENS's own registry and resolver, as its packages hold it.

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const bytecode = (path) => require(path).bytecode;
console.log(JSON.stringify({
  registry: bytecode("@ensdomains/ens/build/contracts/ENSRegistry.json"),
  resolver: bytecode("@ensdomains/resolver/build/contracts/PublicResolver.json"),
}));
