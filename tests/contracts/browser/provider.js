// Wallets' extensions as a page sees them (EIP-6963, EIP-1193): what is asked waits in
// `window.asked` until the test answers it. WALLETS is put in by the test.
(() => {
  if (window.top !== window || !location.href.startsWith('http')) return;
  let next = 1;
  const waiting = new Map();
  const heard = [];
  window.asked = [];
  window.answer = (id, result, error) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    window.asked = window.asked.filter((one) => one.id !== id);
    if (error) reject(Object.assign(new Error(error.message), error));
    else resolve(result === 'BIGINT' ? 1n : result);
  };
  window.switched = (accounts) => heard.forEach((hear) => hear(accounts));
  WALLETS.forEach((name, index) => {
    const provider = {
      request: ({ method, params }) => new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        window.asked.push({ id, wallet: name, method, params: params || [] });
      }),
      on: (event, hear) => { if (event === 'accountsChanged') heard.push(hear); },
    };
    const icon = 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"/>';
    const info = { uuid: `uuid-${index}`, name, rdns: `example.wallet${index}`, icon };
    const announce = () => window.dispatchEvent(new CustomEvent('eip6963:announceProvider', {
      detail: Object.freeze({ info, provider }),
    }));
    window.addEventListener('eip6963:requestProvider', announce);
    announce();
  });
})();
