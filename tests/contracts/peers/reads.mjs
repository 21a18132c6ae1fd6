// Reads four records of a name with viem and ensjs, through the Universal Resolver.
//     node reads.mjs RPC_URL UNIVERSAL_RESOLVER NAME

import { getContentHashRecord } from "@ensdomains/ensjs/public";
import { createPublicClient, http } from "viem";

const [rpc, address, name] = process.argv.slice(2);
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

console.log(JSON.stringify({
  text: await client.getEnsText({ name, key: "avatar", strict: true }),
  address: await client.getEnsAddress({ name, strict: true }),
  bitcoin: await client.getEnsAddress({ name, coinType: 0n, strict: true }),
  contenthash: await getContentHashRecord(client, { name }),
}));
