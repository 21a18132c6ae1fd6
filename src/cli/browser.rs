//! A wallet in a browser, as a person meets it: the link on stderr, over SSH the line that brings
//! it here, and the default browser where there is one.

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use namesys::browser::{BrowserConfig, BrowserWallet, Told};
use namesys::report::ErrorKind;
use namesys::temporary::Temporary;
use namesys::wallet::{Address, Wallet};
use tempfile::NamedTempFile;

use super::context::Context;
use super::env;
use super::error::{CliError, Exit};
use super::output::Output;

/// What the command asks of a browser.
///
/// # Errors
/// Exit 2 when a variable is not UTF-8.
fn config(
    context: &Context,
    wanted: Option<Address>,
    patience: Option<Duration>,
) -> Result<BrowserConfig, CliError> {
    let shown = Shown {
        output: context.output,
        ssh: env::SSH_CONNECTION.get()?,
        user: env::USER.get()?,
        has_windows: cfg!(target_os = "macos") || {
            let [x11, wayland] = env::DISPLAYS;
            x11.get()?.is_some() || wayland.get()?.is_some()
        },
        withheld: context.settings.withheld(),
        file: Mutex::default(),
    };
    let tell = Arc::new(move |told: Told<'_>| shown.tell(told));
    let config = BrowserConfig::new(format!("namesys {}", context.command), tell);
    // A wallet is told of nodes of this machine alone: other URLs hold their owner's token.
    let nodes = context.settings.node_urls()?.urls;
    let nodes = nodes.iter().map(ToString::to_string).filter(|url| is_here(url)).collect();
    let patience = patience.unwrap_or(config.patience);
    Ok(BrowserConfig { wanted, patience, nodes, ..config })
}

impl Context {
    /// The wallet of a browser: opened once for the whole command, by the first who needs it.
    ///
    /// # Errors
    /// Exit 1 when nobody answers in time, or the account is another than `wanted` by then.
    pub fn browser(
        &self,
        wanted: Option<Address>,
        patience: Option<Duration>,
    ) -> Result<BrowserWallet, CliError> {
        if let Some(wallet) = self.browser.get() {
            return match wanted.filter(|wanted| *wanted != wallet.address()) {
                None => Ok(wallet.clone()),
                Some(wanted) => {
                    let message = format!("the wallet is {}, not {wanted}", wallet.address());
                    Err(CliError::new(Exit::Failed, ErrorKind::OtherWallet, message))
                }
            };
        }
        let config = config(self, wanted, patience)?;
        let opened = self.block_on(async { Ok(BrowserWallet::open(config).await?) })?;
        Ok(self.browser.get_or_init(|| opened).clone())
    }

    /// Tells the page, if there is one, how the command ended.
    pub fn close_browser(&self, good: bool) {
        let (Some(wallet), Ok(background)) = (self.browser.get(), self.background()) else {
            return;
        };
        // Whoever is impatient ends it with Ctrl-C.
        let _ = background.block_on(async {
            wallet.close(good).await;
            Ok(())
        });
    }
}

fn is_here(url: &str) -> bool {
    ["http://127.0.0.1", "http://localhost"].iter().any(|here| {
        url.strip_prefix(here).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    })
}

/// How the link is shown.
struct Shown {
    output: Output,
    ssh: Option<String>,
    user: Option<String>,
    has_windows: bool,
    /// What the program that opens it does not get.
    withheld: Vec<String>,
    /// Other users see the arguments of programs, and the link is for this one alone: the browser
    /// is given a file that leads to it. It goes with the command.
    file: Mutex<Option<(Temporary, NamedTempFile)>>,
}

impl Shown {
    fn tell(&self, told: Told<'_>) {
        match told {
            Told::Open(url) => {
                self.output.ask_about(format_args!(
                    "Open this link, which works once, in the browser that has your wallet:\n{url}"
                ));
                self.over_ssh(url);
                if self.has_windows && self.ssh.is_none() {
                    // The link is printed: whoever has no such program opens it by hand.
                    let _ = self.open(url);
                }
            }
            Told::Again(url) => {
                self.output.ask_about(format_args!(
                    "The page in the browser was closed. It goes on here:\n{url}"
                ));
                self.over_ssh(url);
            }
        }
    }

    fn over_ssh(&self, url: &str) {
        let Some(line) =
            self.ssh.as_deref().and_then(|ssh| forward(ssh, self.user.as_deref(), url))
        else {
            return;
        };
        self.output.ask_about(format_args!(
            "You are here over SSH: type this on the machine where the browser is, first:\n{line}"
        ));
    }

    fn open(&self, url: &str) -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix("namesys-").suffix(".html").tempfile()?;
        let temporary = Temporary::new(file.path());
        writeln!(
            file,
            "<!doctype html><meta charset=\"utf-8\"><title>namesys</title>\
             <meta http-equiv=\"refresh\" content=\"0; url={url}\"><a href=\"{url}\">Go on</a>"
        )?;
        file.flush()?;
        let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
        let mut command = Command::new(program);
        self.withheld.iter().for_each(|variable| _ = command.env_remove(variable));
        let opening = command
            .arg(file.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Some((temporary, file));
        let mut opening = opening?;
        // It ends at once, or stays as the browser: nobody is left to wait for it otherwise.
        std::thread::spawn(move || opening.wait());
        Ok(())
    }
}

/// The line that brings the port of `url` to the machine somebody came from.
fn forward(connection: &str, user: Option<&str>, url: &str) -> Option<String> {
    // Client and port, server and port.
    let words: Vec<&str> = connection.split_whitespace().collect();
    let [_, _, server, ssh_port] = words[..] else { return None };
    let port = url.strip_prefix("http://127.0.0.1:")?.split('/').next()?;
    let user = user.map_or_else(String::new, |user| format!("{user}@"));
    let at = if ssh_port == "22" { String::new() } else { format!(" -p {ssh_port}") };
    Some(format!("ssh -N -L {port}:127.0.0.1:{port}{at} {user}{server}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_for_ssh() {
        let url = "http://127.0.0.1:40123/t/abc";
        let line = |connection| forward(connection, Some("me"), url);
        assert_eq!(
            line("192.0.2.7 50000 192.0.2.1 22").unwrap(),
            "ssh -N -L 40123:127.0.0.1:40123 me@192.0.2.1"
        );
        assert_eq!(
            line("2001:db8::7 50000 2001:db8::1 2222").unwrap(),
            "ssh -N -L 40123:127.0.0.1:40123 -p 2222 me@2001:db8::1"
        );
        assert!(line("").is_none() && line("nonsense").is_none());
    }

    #[test]
    fn only_nodes_of_this_machine_are_told_to_wallets() {
        assert!(is_here("http://127.0.0.1:8545") && is_here("http://localhost:8545/"));
        assert!(!is_here("https://node.example/v2/key"));
        assert!(!is_here("http://127.0.0.1.evil.example") && !is_here("http://localhost.example"));
    }
}
