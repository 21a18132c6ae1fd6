// What the page says to its own server, and what the tab keeps of it: what it was let in by and
// which wallet was chosen, never a signature.
'use strict';

const SESSION = 'namesys.session';
const WALLET = 'namesys.wallet';

let session = sessionStorage.getItem(SESSION);
let over = false;

class Refused extends Error {
  constructor(status, body) {
    super(body.message || `the command answered ${status}`);
    this.status = status;
    this.reason = body.reason;
  }
}

async function post(path, body) {
  const headers = { 'content-type': 'application/json' };
  if (session) headers['x-namesys-session'] = session;
  const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, said);
  return said;
}

// The link works once: for whoever has a wallet to show. A reload goes on with what the tab keeps.
async function enter() {
  const link = location.pathname.startsWith('/t/') ? location.pathname.slice(3) : '';
  if (link) {
    const kept = session;
    session = null;
    try {
      session = (await post('/session', { link })).session;
      sessionStorage.setItem(SESSION, session);
    } catch (error) {
      if (!(error instanceof Refused)) return gone();
      if (error.reason !== 'used') {
        return end('This link is not valid', 'It belongs to a command that has ended, or a newer ' +
          'link took its place: look into your terminal.');
      }
      session = kept;
      if (!session) {
        return end('This link was used already', 'It works once, in the tab that opened it first: ' +
          'go on there. If you have closed that tab, the command prints a new link in a moment.');
      }
    }
    history.replaceState(null, '', '/');
  }
  if (!session) {
    return end('Open the link', 'This page needs the link that the command printed in your terminal.');
  }
  return true;
}

// Gives the place to another tab.
let release = () => {};

// A tab that is duplicated has what the first one keeps: one of them has the lock.
function alone() {
  if (!navigator.locks) return true;
  return new Promise((settle) => {
    const signal = AbortSignal.timeout(1500);
    navigator.locks.request('namesys', { signal }, () => {
      settle(true);
      return new Promise((done) => { release = done; });
    }).catch(() => settle(false));
  });
}

async function listen() {
  let seen = 0;
  let failures = 0;
  while (!over) {
    try {
      const next = await post('/news', { seen });
      failures = 0;
      if (next.version !== seen) {
        seen = next.version;
        show(next);
      }
    } catch (error) {
      if (error instanceof Refused && error.status === 401) {
        forget();
        end('Another link took the place of this page', 'The command did not hear from this page ' +
          'and printed a new link in your terminal. You can close this page.');
        return;
      }
      failures += 1;
      if (failures > 3) return gone();
      await new Promise((done) => setTimeout(done, 300 * failures));
    }
  }
}

function forget() {
  session = null;
  sessionStorage.removeItem(SESSION);
  sessionStorage.removeItem(WALLET);
}

function gone() {
  forget();
  end('The command has ended', 'Nothing is asked any more: you can close this page. If the command ' +
    'was not done, run it again for a new link.');
}
