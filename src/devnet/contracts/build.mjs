// Compiles sources/*.sol to artifacts/<contract>.json: abi, creation and runtime bytecode; and to
// <contract>.bin, the creation bytecode alone, of those that the program carries.
// `node build.mjs [FOLDER]` writes to FOLDER instead. Run `npm ci --ignore-scripts` first.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";
import solc from "solc";

const CONTRACTS = [
  "AliasResolver",
  "CCIP2Resolver",
  "Dev3Resolver",
  "GatewayManager",
  "Multicall",
  "NameWrapper",
  "PlainResolver",
  "Registry",
  "StealthAnnouncer",
  "StealthRegistry",
  "Token",
  "UniversalResolver",
  "WriteResolver",
];

// Only tests use these.
const NOT_CARRIED = [
  "AliasResolver",
  "Dev3Resolver",
  "Multicall",
  "StealthAnnouncer",
  "StealthRegistry",
  "Token",
  "WriteResolver",
];

const here = path.dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? path.join(here, "artifacts");
const files = readdirSync(path.join(here, "sources")).filter((file) => file.endsWith(".sol")).sort();
const read = (file) => ({ content: readFileSync(path.join(here, "sources", file), "utf8") });

const output = JSON.parse(
  solc.compile(
    JSON.stringify({
      language: "Solidity",
      sources: Object.fromEntries(files.map((file) => [file, read(file)])),
      settings: {
        evmVersion: "cancun",
        optimizer: { enabled: true, runs: 200 },
        viaIR: false,
        // Without it the bytecode is that of the sources alone, wherever they lie.
        metadata: { appendCBOR: false, bytecodeHash: "none" },
        outputSelection: {
          "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] },
        },
      },
    }),
  ),
);

const problems = output.errors ?? [];
for (const problem of problems) process.stderr.write(problem.formattedMessage + "\n");
// A warning fails too: there are none, and none is to come.
if (problems.length > 0) process.exit(1);

mkdirSync(target, { recursive: true });
for (const name of CONTRACTS) {
  const { abi, evm } = output.contracts[`${name}.sol`][name];
  const artifact = {
    abi,
    bytecode: "0x" + evm.bytecode.object,
    deployedBytecode: "0x" + evm.deployedBytecode.object,
  };
  writeFileSync(path.join(target, `${name}.json`), JSON.stringify(artifact) + "\n");
  if (!NOT_CARRIED.includes(name)) {
    writeFileSync(path.join(target, `${name}.bin`), Buffer.from(evm.bytecode.object, "hex"));
  }
}
