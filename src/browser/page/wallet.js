// The wallets of this browser: found by EIP-6963, asked by EIP-1193.
'use strict';

const DECLINED = 4001;
const UNKNOWN_CHAIN = 4902;

const wallets = new Map();
let wallet = null;

const same = (one, other) => String(one).toLowerCase() === String(other).toLowerCase();
const ask = (method, params) => wallet.provider.request(params ? { method, params } : { method });

function message(error) {
  const said = error && typeof error.message === 'string' ? error.message : 'it said nothing more';
  return said.replace(/\s+/g, ' ').slice(0, 200);
}

async function onChain(chain) {
  const current = async () => same(await ask('eth_chainId'), chain.id);
  if (await current()) return;
  title(`Switch to chain ${chain.number}`, 'Look at your wallet: it asks you to switch.');
  try {
    await ask('wallet_switchEthereumChain', [{ chainId: chain.id }]);
  } catch (error) {
    const code = error && (error.code || (error.data && error.data.originalError &&
      error.data.originalError.code));
    if (code !== UNKNOWN_CHAIN || !chain.add) throw error;
    await ask('wallet_addEthereumChain', [chain.add]);
    if (!await current()) await ask('wallet_switchEthereumChain', [{ chainId: chain.id }]);
  }
  if (!await current()) throw new Error(`the wallet stayed on another chain than ${chain.number}`);
}
