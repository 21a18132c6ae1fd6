// What is shown, and what a person is asked.
'use strict';

const WORDS = { waiting: 'waiting', checking: 'being checked', done: 'done', refused: 'not used' };

const part = (id) => document.getElementById(id);
let news = null;
let account = null;
let asked = 0;
let busy = false;

// Whoever listens or types is brought to where the news is.
function title(text, status) {
  part('title').textContent = text;
  document.title = `${text} – namesys`;
  part('title').focus();
  part('status').textContent = status || '';
}

function problem(text) {
  part('problem').textContent = text || '';
}

function only(section) {
  for (const id of ['wallets', 'accounts', 'request']) part(id).hidden = id !== section;
}

function end(text, status) {
  over = true;
  release();
  only(null);
  problem('');
  title(text, status);
}

function show(next) {
  news = next;
  part('command').textContent = next.command;
  showQueue();
  if (next.ended !== null) {
    forget();
    if (next.ended) end('Done: you can close this page', 'The command ended well.');
    else end('Ended: you can close this page', 'The command did not end well: what is wrong stands ' +
      'in your terminal.');
    return;
  }
  step();
}

function showQueue() {
  const { requests, expected, call } = news;
  part('queue').hidden = requests.length === 0;
  const done = requests.filter((request) => request.progress === 'done').length;
  part('bar').max = expected || 1;
  part('bar').value = done;
  part('queue-title').textContent = `Requests: ${done} of ${expected} done`;
  part('queue-list').replaceChildren(...requests.map((request) => {
    const line = document.createElement('li');
    const state = document.createElement('span');
    state.className = 'state';
    state.textContent = ` – ${WORDS[request.progress] || request.progress}`;
    line.append(request.title, state);
    if (call && call.id === request.id) line.setAttribute('aria-current', 'step');
    return line;
  }));
}

// What is to be done now: choose a wallet, an account, or answer a request.
function step() {
  if (over || busy) return;
  if (!wallet) return chooseWallet();
  // The wallet or the person is asked for it already.
  if (!account) return;
  const { call, requests } = news;
  if (!call) {
    if (part('request').hidden) {
      only(null);
      part('title').textContent = 'Connected';
    }
    part('status').textContent = `${account} is connected. The command works; keep this page open.`;
    return;
  }
  if (asked === call.id) return;
  asked = call.id;
  const request = requests[call.id - 1];
  problem('');
  part('secret').hidden = !request.secret;
  part('why').textContent = request.why;
  part('text').textContent = request.text;
  part('go').disabled = part('no').disabled = false;
  part('go').textContent = call.method === 'eth_sendTransaction' ? 'Send with the wallet'
    : 'Sign with the wallet';
  only('request');
  if (call.handed) {
    problem('This was handed to your wallet before: look there first. It may have been sent already.');
  }
  title(request.title, `Request ${call.id} of ${news.expected}, for ${account}.`);
}

// ---- the wallet

function chooseWallet() {
  const kept = sessionStorage.getItem(WALLET);
  const again = [...wallets.values()].find(({ info }) => kept && info.rdns === kept);
  if (again) {
    wallet = again;
    hear();
    return connect(true);
  }
  part('wallet-list').replaceChildren(...[...wallets.values()].map((found) => {
    const line = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    if (/^data:image\//.test(String(found.info.icon))) {
      const icon = document.createElement('img');
      icon.alt = '';
      icon.src = found.info.icon;
      button.append(icon);
    }
    button.append(`Connect ${String(found.info.name).slice(0, 60)}`);
    button.addEventListener('click', () => {
      wallet = found;
      sessionStorage.setItem(WALLET, String(found.info.rdns));
      hear();
      connect(false, true);
    });
    line.append(button);
    return line;
  }));
  only('wallets');
  title(wallets.size > 1 ? 'Which wallet?' : 'Connect your wallet', wanted());
}

function wanted() {
  return news && news.wanted ? `The account that is wanted is ${news.wanted}.`
    : 'The account you choose is the one whose keys are made.';
}

// Once for each wallet; of one that is not chosen any more nothing is heard.
function hear() {
  const heardOf = wallet;
  if (heardOf.heard || typeof heardOf.provider.on !== 'function') return;
  heardOf.heard = true;
  heardOf.provider.on('accountsChanged', (accounts) => {
    if (wallet !== heardOf || over || !Array.isArray(accounts)) return;
    if (!account) connect(true);
    else if (accounts.length === 0) problem(`The wallet is locked; unlock it for ${account}.`);
    else if (accounts.some((other) => same(other, account))) problem('');
    else problem(`The wallet is on another account now; switch it back to ${account}.`);
  });
}

// Asks for the accounts: quietly after a reload, else with a window of the wallet.
async function connect(quietly, chosen) {
  if (busy || !wallet) return;
  const asked = wallet;
  busy = true;
  problem('');
  only(null);
  title('Connecting …', `Look at ${String(wallet.info.name).slice(0, 60)}: it may ask you.`);
  let accounts = [];
  try {
    accounts = await ask(quietly ? 'eth_accounts' : 'eth_requestAccounts');
  } catch (error) {
    problem(error && error.code === DECLINED ? 'The wallet was not connected: you declined.'
      : `The wallet did not connect: ${message(error)}`);
  } finally {
    busy = false;
  }
  if (wallet !== asked || over) return;
  accounts = Array.isArray(accounts) ? accounts.filter((one) => typeof one === 'string') : [];
  if (accounts.length === 0) {
    const said = part('problem').textContent;
    wallet = null;
    sessionStorage.removeItem(WALLET);
    chooseWallet();
    return problem(said || (quietly ? '' : 'The wallet gave no account.'));
  }
  const mine = news && news.wanted && accounts.find((one) => same(one, news.wanted));
  if (mine) return take(mine);
  if (accounts.length === 1 && !(news && news.wanted) && chosen) return take(accounts[0]);
  chooseAccount(accounts);
}

function chooseAccount(accounts) {
  const right = news && news.wanted;
  part('account-list').replaceChildren(...(right ? [] : accounts).map((one) => {
    const line = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = one;
    button.addEventListener('click', () => take(one));
    line.append(button);
    return line;
  }));
  if (right) {
    const line = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'I have switched: look again';
    button.addEventListener('click', () => switchAccount());
    line.append(button);
    part('account-list').append(line);
    only('accounts');
    title('Another account is wanted', `The wallet is on ${accounts[0]}. Switch it to ${right}, ` +
      'which is the one of this workspace, and allow it for this page.');
    return;
  }
  only('accounts');
  title('Which account?', wanted());
}

// Wallets that have EIP-2255 ask which accounts this page may see.
async function switchAccount() {
  try {
    await ask('wallet_requestPermissions', [{ eth_accounts: {} }]);
  } catch (error) {
    if (error && error.code === DECLINED) return problem('You declined; the account is as it was.');
  }
  connect(false);
}

async function take(address) {
  try {
    await post('/account', { address });
  } catch (error) {
    if (error instanceof Refused && error.status !== 401) {
      wallet = null;
      sessionStorage.removeItem(WALLET);
      chooseWallet();
      return problem(`${error.message}.`);
    }
    return gone();
  }
  account = address;
  step();
}

// One request, in the wallet. A no ends the command; for anything else there is another try.
async function go() {
  const { call } = news;
  if (!call || busy) return;
  busy = true;
  problem('');
  // Whoever waits for a wallet that hangs can decline; what may be sent cannot be taken back.
  const sends = call.method === 'eth_sendTransaction';
  part('go').disabled = true;
  part('no').disabled = sends;
  const before = part('title').textContent;
  part('status').textContent = 'Look at your wallet: it asks you to confirm.';
  let answer;
  try {
    if (call.chain) await onChain(call.chain);
    // One that was handed out before may be that other transaction.
    if (sends && !call.handed) await refuseOvertaken(call);
    if (sends) await post('/handed', { id: call.id });
    const result = await ask(call.method, call.params);
    // Not everything can be sent on, and nothing but a text is of use.
    answer = { id: call.id, result: typeof result === 'string' ? result : { is: typeof result } };
  } catch (error) {
    if (error && error.code === DECLINED) {
      answer = { id: call.id, error: { code: DECLINED, message: 'declined' } };
    } else {
      busy = false;
      if (over) return;
      title(before, '');
      problem(`The wallet did not do it: ${message(error)}. Try again, or decline.`);
      part('go').disabled = part('no').disabled = false;
      return;
    }
  }
  busy = false;
  // It was declined here meanwhile.
  if (over || !news.call || news.call.id !== call.id) return;
  await send(answer);
}

async function send(answer) {
  part('status').textContent = 'The command checks the answer …';
  try {
    await post('/answer', answer);
  } catch (error) {
    if (!(error instanceof Refused)) return gone();
    if (error.status !== 413 && error.status !== 400) return problem(`${error.message}.`);
    const short = { code: -32603, message: 'its answer is too long, or of no known form' };
    await post('/answer', { id: answer.id, error: short }).catch(gone);
  }
  step();
}

// ---- the beginning

window.addEventListener('eip6963:announceProvider', (event) => {
  const { info, provider } = event.detail || {};
  if (!info || !provider || typeof provider.request !== 'function') return;
  if (wallets.has(info.uuid)) return;
  wallets.set(info.uuid, { info, provider });
  if (started && news) step();
});

part('go').addEventListener('click', go);
part('no').addEventListener('click', () => {
  if (!news.call) return;
  part('go').disabled = part('no').disabled = true;
  send({ id: news.call.id, error: { code: DECLINED, message: 'declined' } });
});
window.addEventListener('pagehide', () => {
  if (!session || over) return;
  const body = new Blob([JSON.stringify({ session })], { type: 'application/json' });
  navigator.sendBeacon('/goes', body);
});

let started = false;

async function start() {
  window.dispatchEvent(new Event('eip6963:requestProvider'));
  // Extensions answer at once, or when they are ready.
  for (let tries = 0; wallets.size === 0 && tries < 15; tries += 1) {
    await new Promise((done) => setTimeout(done, 100));
    window.dispatchEvent(new Event('eip6963:requestProvider'));
  }
  if (wallets.size === 0 && window.ethereum && typeof window.ethereum.request === 'function') {
    wallets.set('injected', {
      info: { name: 'the wallet of this browser', rdns: 'injected' },
      provider: window.ethereum,
    });
  }
  if (wallets.size === 0) {
    title('No wallet found here', 'Open this link in the browser that has your wallet’s ' +
      'extension, or install one and reload. The link is not used up yet.');
    window.addEventListener('eip6963:announceProvider', () => start(), { once: true });
    return;
  }
  if (!await alone()) {
    end('This page is open already', 'Go on in the other tab; or close that one, and reload here.');
    return;
  }
  if (!await enter()) return;
  started = true;
  listen();
}

start();
