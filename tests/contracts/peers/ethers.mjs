// Reads a name with ethers 6, told only where the registry is.
//     node ethers.mjs RPC_URL REGISTRY NAME

import { Contract, EnsPlugin, Interface, JsonRpcProvider, Network, dnsEncode, namehash } from "ethers";

const [rpc, registry, name] = process.argv.slice(2);
const network = new Network("devnet", 31337).attachPlugin(new EnsPlugin(registry, 31337));
const provider = new JsonRpcProvider(rpc, network, { staticNetwork: network });
const resolver = await provider.getResolver(name);

// What EnsResolver has no method for: the same call, with CCIP-Read.
const profile = new Interface([
  "function pubkey(bytes32 node) view returns (bytes32 x, bytes32 y)",
  "function addr(bytes32 node, uint256 coinType) view returns (bytes)",
  "function text(bytes32 node, string key) view returns (string)",
]);
const extended = new Contract(
  resolver.address,
  [
    "function resolve(bytes name, bytes data) view returns (bytes)",
    "error InvalidRequest(string value)",
  ],
  provider,
);
async function read(call, ...more) {
  const request = profile.encodeFunctionData(call, [namehash(name), ...more]);
  const options = { enableCcipRead: true };
  const answer = await extended.getFunction("resolve")(dnsEncode(name, 255), request, options);
  return profile.decodeFunctionResult(call, answer);
}

const refused = await read("text", "changed").then(
  (text) => `read: ${text}`,
  (error) => String(error.revert?.args ?? error.message),
);
const [x, y] = await read("pubkey");
console.log(JSON.stringify({
  resolver: resolver.address,
  text: await resolver.getText("avatar"),
  address: await resolver.getAddress(),
  resolved: await provider.resolveName(name),
  // Coin 10 is asked as 0x8000000a.
  optimism: await resolver.getAddress(10),
  bitcoin: (await read("addr", 0))[0],
  contenthash: await resolver.getContentHash(),
  pubkey: x + y.slice(2),
  // A callback that reverts is no record to it.
  changed: await resolver.getText("changed"),
  refused,
}));
provider.destroy();
