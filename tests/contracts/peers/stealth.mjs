// Stealth payments with the ERC's reference library.
//     node stealth.mjs pay RPC_URL META_ADDRESS PRIVATE_KEY WEI
//     node stealth.mjs find RPC_URL SPENDING_PRIVATE_KEY VIEWING_PRIVATE_KEY

import { register } from "node:module";
import { createPublicClient, createWalletClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";

// The library leaves file endings to a bundler.
const hooks = `export async function resolve(name, context, next) {
  for (const end of ["", ".js", "/index.js"]) {
    try {
      return await next(name + end, context);
    } catch (error) {
      if (end === "/index.js") throw error;
    }
  }
}`;
register("data:text/javascript," + encodeURIComponent(hooks));
const sdk = await import("@scopelift/stealth-address-sdk");

const ANNOUNCER = "0x55649E01B5Df198D18D95b5cc5051630cfD45564";
const [action, rpc, ...rest] = process.argv.slice(2);
const chain = {
  id: 31337,
  name: "devnet",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [rpc] } },
};
const publicClient = createPublicClient({ chain, transport: http(rpc) });

async function pay(meta, key, wei) {
  const to = sdk.generateStealthAddress({ stealthMetaAddressURI: meta });
  const account = privateKeyToAccount(key);
  const wallet = createWalletClient({ account, chain, transport: http(rpc) });
  const amount = BigInt(wei).toString(16).padStart(64, "0");
  const metadata = to.viewTag + "ee".repeat(4) + "ee".repeat(20) + amount;
  const abi = sdk.ERC5564AnnouncerAbi;
  const args = [1n, to.stealthAddress, to.ephemeralPublicKey, metadata];
  const announced = { address: ANNOUNCER, abi, functionName: "announce", args };
  let hash = await wallet.writeContract(announced);
  await publicClient.waitForTransactionReceipt({ hash });
  hash = await wallet.sendTransaction({ to: to.stealthAddress, value: BigInt(wei) });
  await publicClient.waitForTransactionReceipt({ hash });
  return to;
}

async function find(spending, viewing) {
  const spendingPublicKey = privateKeyToAccount(spending).publicKey;
  const clientParams = { publicClient };
  const announcements = await sdk.getAnnouncements({
    ERC5564Address: ANNOUNCER,
    args: {},
    fromBlock: 0n,
    clientParams,
  });
  const ours = await sdk.getAnnouncementsForUser({
    announcements,
    spendingPublicKey,
    viewingPrivateKey: viewing,
    clientParams,
  });
  const key = (announcement) => sdk.computeStealthKey({
    ephemeralPublicKey: announcement.ephemeralPubKey,
    schemeId: 1,
    spendingPrivateKey: spending,
    viewingPrivateKey: viewing,
  });
  const found = ours.map((announcement) => ({
    address: announcement.stealthAddress,
    metadata: announcement.metadata,
    spends: privateKeyToAccount(key(announcement)).address,
    key: key(announcement),
  }));
  return { announcements: announcements.length, found };
}

console.log(JSON.stringify(await (action === "pay" ? pay(...rest) : find(...rest))));
