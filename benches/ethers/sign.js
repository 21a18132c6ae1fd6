// Signs a CSV of records the way the web client does, with ethers 5: for each record SIGN 3 by
// the wallet and SIGN 4 by the records signer, and writes the same files as `namesys sign`.
//
//     node sign.js RECORDS.csv WALLET.key SIGNER.key OUT
//
// The records are address/60 and text; names are in normal form.
"use strict";

const fs = require("fs");
const path = require("path");
const { ethers } = require("ethers");

const SELECTOR = "0x2b45eb2b";
const { defaultAbiCoder: abi, getAddress, hexConcat, keccak256 } = ethers.utils;

function readKey(file) {
  const lines = fs.readFileSync(file, "utf8").split("\n");
  const hex = lines.find((line) => line !== "" && !line.startsWith("#")).trim();
  return new ethers.Wallet(hex.startsWith("0x") ? hex : `0x${hex}`);
}

function encode(record, value) {
  if (record === "address/60") return abi.encode(["address"], [getAddress(value)]);
  if (record.startsWith("text/")) return abi.encode(["string"], [value]);
  throw new Error(`${record}: not a record of this benchmark`);
}

async function main([csv, walletFile, signerFile, out]) {
  const [wallet, signer] = [readKey(walletFile), readKey(signerFile)];
  const [owner, by] = [`eip155:1:${wallet.address}`, `eip155:1:${signer.address}`];
  const rows = fs.readFileSync(csv, "utf8").trimEnd().split("\n").slice(1);
  for (const row of rows) {
    const [name, record, value] = row.split(",");
    const result = encode(record, value);
    const approval = await wallet.signMessage(
      `Requesting Signature To Approve ENS Records Signer\n\nOrigin: ${name}\nApproved Signer: ${by}\nApproved By: ${owner}`,
    );
    const signature = await signer.signMessage(
      `Requesting Signature To Update ENS Record\n\nOrigin: ${name}\nRecord Type: ${record}\nExtradata: ${keccak256(result)}\nSigned By: ${by}`,
    );
    const data = hexConcat([
      SELECTOR,
      abi.encode(["address", "bytes", "bytes", "bytes"], [signer.address, signature, approval, result]),
    ]);
    const file = path.join(out, ".well-known", ...name.split(".").reverse(), `${record}.json`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, JSON.stringify({ data }));
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
