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

// The nonce is the command's, so that the same request is mined once at most. Where another
// transaction of the account went out meanwhile, this one would take its place. A wallet that tells
// no count is asked all the same.
async function refuseOvertaken(call) {
  const { from, nonce } = call.params[0];
  let next;
  try {
    next = BigInt(await ask('eth_getTransactionCount', [from, 'pending']));
  } catch {
    return;
  }
  if (nonce !== undefined && next !== BigInt(nonce)) {
    throw new Error('another transaction of this account went out meanwhile; decline this one and ' +
      'run the command again');
  }
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
