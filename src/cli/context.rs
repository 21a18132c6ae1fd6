//! What every command gets beside its arguments.

mod workspaces;

use std::cell::{Cell, OnceCell, RefCell};
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use namesys::browser::BrowserWallet;
use namesys::keys::file::parse_signer_key;
use namesys::keys::{IpnsKey, OwnKeys, SignerKey};
use namesys::net::{Budget, Guard, Http, HttpConfig, NetError, RetryPolicy, Timeouts};
use namesys::report::ErrorKind;
use namesys::secret::SecretBytes;
use namesys::workspace::{Config, Network, Stop, Workspace};

use super::background::{Background, CtrlC};
use super::env;
use super::error::{CliError, Exit};
use super::given::Given;
use super::global::GlobalArgs;
use super::input::Stdin;
use super::log::log_to_stderr;
use super::openers::Openers;
use super::output::Output;
use super::settings::{Settings, Source};

/// Most bytes of `--ca-file`: the bundle of a whole system has some 220 KiB.
const MAX_CA_FILE: u64 = 4 << 20;

/// Every time here is one of the years that RFC 3339 can write.
fn check_clock(now: SystemTime) -> Result<Timestamp, CliError> {
    match Timestamp::try_from(now) {
        Ok(now) => Ok(now),
        Err(_) => Err(CliError::new(
            Exit::Failed,
            ErrorKind::Clock,
            "the system's clock is beyond the year 9999, or before the year -9999",
        )
        .hint("set it right; nothing can be dated otherwise")),
    }
}

/// What every command gets beside its arguments.
#[derive(Debug)]
pub struct Context {
    /// Where results, notes and errors go.
    pub output: Output,
    /// What is done, in a word.
    pub command: String,
    /// When the command began: what holds then holds for all that it does.
    now: Timestamp,
    /// stdin, for one flag.
    pub stdin: Stdin,
    /// `-C` or `NAMESYS_DIR`.
    pub dir: Option<PathBuf>,
    /// What flags, variables and the user's file decide.
    pub settings: Settings,
    /// Whether what `--remember` asks for was done, or was said not to be.
    pub remembered: Cell<bool>,
    /// What opens encrypted key files.
    pub openers: Openers,
    ca_file: Option<PathBuf>,
    budget: Budget,
    /// Keys of the user that the command has seen: none of them is published.
    own_keys: RefCell<OwnKeys>,
    /// What nobody is asked for twice.
    pub given: Rc<Given>,
    /// Read once.
    pub opened: OnceCell<Option<(Workspace, Config)>>,
    /// One that the command made for itself.
    made: OnceCell<(Workspace, Config)>,
    // Started by the first command that waits for something.
    background: OnceCell<Background>,
    /// The page that serves the whole command.
    pub(super) browser: OnceCell<BrowserWallet>,
}

impl Context {
    /// From the flags, the environment, and the user's file.
    ///
    /// # Errors
    /// Exit 2 for what is wrong in a variable or the file.
    pub fn new(args: GlobalArgs, command: &str) -> Result<Self, CliError> {
        let now = check_clock(SystemTime::now())?;
        log_to_stderr(args.verbose);
        let settings = Settings::new(&args)?;
        let dir = match args.dir {
            Some(dir) => Some(dir),
            None => env::DIR.get()?.map(PathBuf::from),
        };
        let output = Output::new(args.json, args.quiet, args.color);
        Ok(Self {
            output,
            command: command.to_owned(),
            now,
            stdin: Stdin::default(),
            dir,
            budget: Budget::new(settings.timeout().unwrap_or(Timeouts::default().idle)),
            settings,
            ca_file: args.ca_file,
            remembered: Cell::new(false),
            openers: Openers::new(args.passphrase_file, args.identity),
            own_keys: RefCell::default(),
            given: Rc::default(),
            opened: OnceCell::new(),
            made: OnceCell::new(),
            background: OnceCell::new(),
            browser: OnceCell::new(),
        })
    }

    /// Somebody waits so long on purpose: servers may fail for so much longer.
    pub fn grant(&self, wait: Option<Duration>) {
        wait.iter().for_each(|wait| self.budget.grant(*wait));
    }

    /// The HTTP client, which trusts `--ca-file` too and notes each wait before a retry.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate.
    pub fn http(&self) -> Result<Http, CliError> {
        self.http_with(HttpConfig::default())
    }

    /// As [`http`](Self::http), asking no private addresses but those the guard trusts.
    ///
    /// # Errors
    /// As [`http`](Self::http).
    pub fn http_guarded(&self, guard: Option<Guard>) -> Result<Http, CliError> {
        self.http_with(HttpConfig { guard, ..HttpConfig::default() })
    }

    /// The client that fetches records: soon tired of a gateway, for there are others; with a
    /// guard it asks no private addresses but those it trusts.
    ///
    /// # Errors
    /// As [`http`](Self::http).
    pub fn gateway_http(&self, guard: Option<Guard>) -> Result<Http, CliError> {
        let retry = RetryPolicy {
            attempts: 2,
            max_wait: Duration::from_secs(3),
            total: Duration::from_secs(10),
            ..RetryPolicy::default()
        };
        let timeouts = Timeouts {
            idle: Duration::from_secs(15),
            body: Duration::from_secs(60),
            ..Timeouts::default()
        };
        self.http_with(HttpConfig { retry, timeouts, guard, ..HttpConfig::default() })
    }

    fn http_with(&self, config: HttpConfig) -> Result<Http, CliError> {
        let extra_roots = match &self.ca_file {
            Some(file) => Some(self.stdin.read("--ca-file", file, MAX_CA_FILE)?.expose().clone()),
            None => None,
        };
        let output = self.output;
        let observer = Arc::new(move |event: &namesys::net::RetryEvent| output.note(event));
        let config = HttpConfig {
            extra_roots,
            observer: Some(observer),
            stall: self.settings.timeout(),
            budget: Some(self.budget.clone()),
            ..config
        };
        Http::new(config).map_err(|error: NetError| error.into())
    }

    /// Whose endpoints apply where nothing else says, and who decides that.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub fn network(&self) -> Result<(Network, Source), CliError> {
        Ok(self.settings.network(self.config()?))
    }

    /// Remembers a key that must not be published.
    pub fn keep_secret(&self, key: &IpnsKey) {
        self.own_keys.borrow_mut().add_ipns(key);
    }

    /// The same of a records signer.
    pub fn keep_signer(&self, key: &SignerKey) {
        self.own_keys.borrow_mut().add_signer(key);
    }

    /// The keys that are at hand: those that were derived or read, and those of the variables.
    pub fn own_keys(&self) -> OwnKeys {
        let mut keys = self.own_keys.borrow().clone();
        let text = |variable: env::Var| variable.secret().ok().flatten();
        // Whatever a variable holds that is no key is said where the key is needed.
        if let Some(Ok(key)) =
            text(env::IPNS_KEY).map(|text| IpnsKey::parse(text.expose().as_bytes()))
        {
            keys.add_ipns(&key);
        }
        for variable in [env::SIGNER_KEY, env::PRIVATE_KEY] {
            if let Some(Ok(key)) = text(variable)
                .map(|text| parse_signer_key(&SecretBytes::from(text.expose().as_bytes().to_vec())))
            {
                keys.add_signer(&key);
            }
        }
        keys
    }

    /// Runs `work` to its end, or to Ctrl-C: the first asks it to stop (it is dropped where it
    /// waits), a second ends the process at once.
    ///
    /// # Errors
    /// Those of `work`, and exit 130.
    pub fn block_on<T>(
        &self,
        work: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        self.background()?.block_on(work)
    }

    /// Runs `work` to its end; it is told of the first Ctrl-C, and a second ends the process.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn block_on_told<T, W>(&self, work: impl FnOnce(CtrlC) -> W) -> Result<T, CliError>
    where
        W: Future<Output = Result<T, CliError>>,
    {
        self.background()?.block_on_told(work)
    }

    /// Runs `work`, which does not wait and can end anywhere, to its end or to Ctrl-C.
    ///
    /// # Errors
    /// Exit 130.
    pub fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CliError> {
        self.block_on(async {
            let done = tokio::task::spawn_blocking(work).await;
            done.map_err(|error| CliError::io("the work ended", &io::Error::other(error)))
        })
    }

    /// Asked when Ctrl-C comes, for work that is not dropped where it waits.
    ///
    /// # Errors
    /// When no thread can be started that hears signals.
    pub fn stop(&self) -> Result<Stop, CliError> {
        Ok(self.background()?.stop())
    }

    /// From now on temporary files go when a signal ends the process.
    ///
    /// # Errors
    /// When no thread can be started that hears signals.
    #[cfg(feature = "devnet")]
    pub fn hear_signals(&self) -> Result<(), CliError> {
        self.background().map(drop)
    }

    pub(super) fn background(&self) -> Result<&Background, CliError> {
        if let Some(background) = self.background.get() {
            return Ok(background);
        }
        let started = Background::start()?;
        Ok(self.background.get_or_init(|| started))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_beyond_all_dates_is_told() {
        check_clock(SystemTime::now()).unwrap();
        check_clock(SystemTime::UNIX_EPOCH).unwrap();
        let beyond = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800);
        let error = check_clock(beyond).unwrap_err();
        assert!(error.message.contains("9999"), "{}", error.message);
    }
}
