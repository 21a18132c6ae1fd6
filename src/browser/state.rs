//! What is asked, of whom, and how far it is: what the page shows and the wallet's side waits for.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use alloy_primitives::Address;
use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};

use super::key::Key;
use super::words::Words;
use crate::secret::SecretString;

/// How long a page that said it goes may take to come back: it was reloaded.
const RELOAD: Duration = Duration::from_secs(5);

/// What a wallet answered.
pub(super) enum Answer {
    /// A text: a signature, or a hash.
    Text(SecretString),
    /// Something that is no text.
    Other(&'static str),
    /// An error of EIP-1193 or JSON-RPC.
    Error { code: i64, message: String },
}

/// A call of EIP-1193, on the chain that it needs.
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) params: Value,
    pub(super) chain: Option<Value>,
}

/// A request, in the order they were made.
struct Entry {
    words: Words,
    /// The exact text.
    text: String,
    call: Call,
    progress: Progress,
    answer: Option<oneshot::Sender<Answer>>,
    /// Whether a page has handed it to the wallet already.
    handed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Waiting,
    Answered,
    Used,
    Refused,
}

impl Progress {
    fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Answered => "checking",
            Self::Used => "done",
            Self::Refused => "refused",
        }
    }
}

/// What a tab's key or a link is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The link was used.
    Used,
    /// It is none of this run, or was replaced.
    Stale,
}

struct State {
    command: String,
    link: Key,
    link_used: bool,
    session: Option<Key>,
    /// When the page was last heard.
    seen: Instant,
    /// When somebody last did something.
    moved: Instant,
    wanted: Option<Address>,
    account: Option<Address>,
    expected: usize,
    entries: Vec<Entry>,
    ended: Option<bool>,
    /// Whether the page knows that.
    told: bool,
}

/// The state, and who waits for its changes.
pub(super) struct Shared {
    state: Mutex<State>,
    version: watch::Sender<u64>,
}

impl Shared {
    pub(super) fn new(command: String, wanted: Option<Address>) -> io::Result<Self> {
        let now = Instant::now();
        let state = State {
            command,
            link: Key::new()?,
            link_used: false,
            session: None,
            seen: now,
            moved: now,
            wanted,
            account: None,
            expected: 0,
            entries: Vec::new(),
            ended: None,
            told: false,
        };
        Ok(Self { state: Mutex::new(state), version: watch::Sender::new(1) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whoever panicked left whole values behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    /// Hears of every change.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// The part of the link that nobody can guess.
    pub(super) fn link(&self) -> String {
        self.lock().link.text().to_owned()
    }

    /// Exchanges the link for what the tab keeps. Once.
    pub(super) fn exchange(&self, given: &str) -> Result<String, Refusal> {
        let key = Key::new().map_err(|_| Refusal::Stale)?;
        let mut state = self.lock();
        match (state.link.is(given), state.link_used) {
            (false, _) => Err(Refusal::Stale),
            (true, true) => Err(Refusal::Used),
            (true, false) => {
                let text = key.text().to_owned();
                (state.link_used, state.session) = (true, Some(key));
                state.seen = Instant::now();
                state.moved = state.seen;
                Ok(text)
            }
        }
    }

    /// Whether `given` is the tab's key, which is heard then.
    pub(super) fn hears(&self, given: &str) -> bool {
        let mut state = self.lock();
        let is_own = state.session.as_ref().is_some_and(|session| session.is(given));
        if is_own {
            state.seen = Instant::now();
        }
        is_own
    }

    /// The page goes: it is closed, or reloaded.
    pub(super) fn goes(&self, silence: Duration) {
        let mut state = self.lock();
        if let Some(before) = Instant::now().checked_sub(silence.saturating_sub(RELOAD)) {
            state.seen = before;
        }
    }

    /// A new link, where the page was not heard for so long; the old one and its tab are refused
    /// then.
    pub(super) fn renewed(&self, silence: Duration) -> io::Result<bool> {
        let mut state = self.lock();
        if state.session.is_none() || state.seen.elapsed() < silence {
            return Ok(false);
        }
        (state.link, state.link_used, state.session) = (Key::new()?, false, None);
        drop(state);
        self.changed();
        Ok(true)
    }

    /// Since when nobody did anything.
    pub(super) fn idle(&self) -> Duration {
        self.lock().moved.elapsed()
    }

    /// The account that signs: the wanted one, or the first that was chosen. The one that it has to
    /// be, where it is another.
    pub(super) fn choose(&self, account: Address) -> Result<(), Address> {
        let mut state = self.lock();
        match state.account.or(state.wanted) {
            Some(wanted) if wanted != account => Err(wanted),
            _ => {
                state.account = Some(account);
                state.moved = Instant::now();
                drop(state);
                self.changed();
                Ok(())
            }
        }
    }

    pub(super) fn account(&self) -> Option<Address> {
        self.lock().account
    }

    /// So many more requests are to come.
    pub(super) fn announce(&self, count: usize) {
        let mut state = self.lock();
        state.expected = state.entries.len() + count;
    }

    /// Whether the same text was asked for before.
    pub(super) fn was_asked(&self, text: &str) -> bool {
        self.lock().entries.iter().any(|entry| entry.text == text)
    }

    /// Asks; the number of the request, and who gets the answer.
    pub(super) fn ask(
        &self,
        words: Words,
        text: String,
        call: Call,
    ) -> (usize, oneshot::Receiver<Answer>) {
        let (answer, answered) = oneshot::channel();
        let progress = Progress::Waiting;
        let mut state = self.lock();
        state.entries.push(Entry {
            words,
            text,
            call,
            progress,
            answer: Some(answer),
            handed: false,
        });
        state.moved = Instant::now();
        let number = state.entries.len();
        drop(state);
        self.changed();
        (number, answered)
    }

    /// The page hands the request `number` to the wallet; `false` where none is waited for.
    pub(super) fn hand(&self, number: usize) -> bool {
        let mut state = self.lock();
        let entry = number.checked_sub(1).and_then(|index| state.entries.get_mut(index));
        match entry.filter(|entry| entry.answer.is_some()) {
            Some(entry) => {
                entry.handed = true;
                true
            }
            None => false,
        }
    }

    /// Takes the answer of the request `number`; `false` where none is waited for.
    pub(super) fn answer(&self, number: usize, answer: Answer) -> bool {
        let mut state = self.lock();
        let entry = number.checked_sub(1).and_then(|index| state.entries.get_mut(index));
        let Some(entry) = entry else { return false };
        let Some(waiting) = entry.answer.take() else { return false };
        entry.progress = Progress::Answered;
        state.moved = Instant::now();
        drop(state);
        self.changed();
        waiting.send(answer).is_ok()
    }

    /// What came of the request `number`.
    pub(super) fn settle(&self, number: usize, used: bool) {
        let mut state = self.lock();
        if let Some(entry) = number.checked_sub(1).and_then(|index| state.entries.get_mut(index)) {
            entry.progress = if used { Progress::Used } else { Progress::Refused };
            entry.answer = None;
        }
        drop(state);
        self.changed();
    }

    /// The command ends.
    pub(super) fn end(&self, good: bool) {
        self.lock().ended = Some(good);
        self.changed();
    }

    /// Whether there is a page, and it does not know yet that the command ended.
    pub(super) fn is_untold(&self) -> bool {
        let state = self.lock();
        state.session.is_some() && !state.told
    }

    /// What the page shows.
    pub(super) fn shown(&self, version: u64) -> Value {
        let mut state = self.lock();
        let state = &mut *state;
        state.told |= state.ended.is_some();
        let entries = state.entries.iter().enumerate().map(|(index, entry)| {
            json!({
                "id": index + 1,
                "title": entry.words.title,
                "why": entry.words.why,
                "secret": entry.words.secret,
                "text": entry.text,
                "progress": entry.progress.word(),
            })
        });
        let current = state.entries.iter().enumerate().find(|(_, entry)| entry.answer.is_some());
        let current = current.filter(|_| state.account.is_some() && state.ended.is_none());
        let call = current.map(|(index, entry)| {
            let Call { method, params, chain } = &entry.call;
            json!({
                "id": index + 1,
                "method": method,
                "params": params,
                "chain": chain,
                "handed": entry.handed,
            })
        });
        json!({
            "version": version,
            "command": state.command,
            "wanted": state.account.or(state.wanted).map(|wanted| wanted.to_string()),
            "account": state.account.map(|account| account.to_string()),
            "expected": state.expected.max(state.entries.len()),
            "requests": entries.collect::<Vec<_>>(),
            "call": call,
            "ended": state.ended,
        })
    }
}
