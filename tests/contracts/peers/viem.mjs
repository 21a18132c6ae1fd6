// Reads a name and an address's primary name with viem, and an ABI as ensjs asks for it (any of
// four content types at once), through the Universal Resolver.
//     node viem.mjs RPC_URL UNIVERSAL_RESOLVER NAME ADDRESS

import { getAbiRecord } from "@ensdomains/ensjs/public";
import { createPublicClient, http } from "viem";

const [rpc, address, name, account] = process.argv.slice(2);
const client = createPublicClient({
  chain: {
    id: 31337,
    name: "devnet",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [rpc] } },
    contracts: { ensUniversalResolver: { address } },
  },
  transport: http(rpc),
});

const refused = await client.getEnsText({ name, key: "changed", strict: true }).then(
  (text) => `read: ${text}`,
  (error) => `${error.name}: ${error.message}`,
);
console.log(JSON.stringify({
  resolver: await client.getEnsResolver({ name }),
  text: await client.getEnsText({ name, key: "avatar" }),
  address: await client.getEnsAddress({ name }),
  bitcoin: await client.getEnsAddress({ name, coinType: 0n }),
  optimism: await client.getEnsAddress({ name, coinType: 2147483658n }),
  primary: await client.getEnsName({ address: account }),
  abi: await getAbiRecord(client, { name }),
  refused,
}));
