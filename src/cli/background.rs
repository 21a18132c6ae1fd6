//! The one runtime of a command: connections of one piece of work are there for the next.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use namesys::temporary;
use namesys::workspace::Stop;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use super::error::{CliError, Exit};
use super::prompt;

/// Runs what waits for the network, and hears Ctrl-C from its start on.
#[derive(Debug)]
pub struct Background {
    // Taken on drop alone.
    runtime: Option<Runtime>,
    interrupt: Arc<Interrupt>,
}

#[derive(Debug, Default)]
struct Interrupt {
    notify: Notify,
    /// For work that does not wait: it looks by itself.
    stop: Stop,
    /// Whether a service manager asked for the end, and not a person.
    terminated: AtomicBool,
    /// Whether something is there to be stopped in an orderly way.
    working: AtomicBool,
}

impl Background {
    /// Starts two threads and the watch for Ctrl-C, SIGTERM and SIGHUP, which do the same.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start() -> Result<Self, CliError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| CliError::io("no thread can be started", &error))?;
        let interrupt = Arc::new(Interrupt::default());
        let mut heard = vec![SignalKind::interrupt(), SignalKind::terminate()];
        if !is_hangup_ignored() {
            heard.push(SignalKind::hangup());
        }
        for kind in heard {
            // From here on, not from when a thread comes to it: until then a signal would end the
            // process at once, and what is temporary stay behind.
            let signals = {
                let _entered = runtime.enter();
                signal(kind)
            };
            if let Ok(signals) = signals {
                runtime.spawn(hear(kind, signals, interrupt.clone()));
            }
        }
        Ok(Self { runtime: Some(runtime), interrupt })
    }

    /// Runs `work` to its end, or to Ctrl-C: it is dropped where it waits.
    ///
    /// # Errors
    /// Those of `work`, and exit 130.
    pub fn block_on<T>(
        &self,
        work: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        self.run(async {
            tokio::select! {
                result = work => result,
                () = self.interrupt.notify.notified() => Err(CliError::interrupted()),
            }
        })
    }

    /// Runs `work` to its end. It is told of Ctrl-C and ends by itself then.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn block_on_told<T, W>(&self, work: impl FnOnce(CtrlC) -> W) -> Result<T, CliError>
    where
        W: Future<Output = Result<T, CliError>>,
    {
        self.run(work(CtrlC(self.interrupt.clone())))
    }

    /// Asked with the first signal.
    pub fn stop(&self) -> Stop {
        self.interrupt.stop.clone()
    }

    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let runtime = self.runtime.as_ref().expect("it is taken on drop alone");
        self.interrupt.working.store(true, Ordering::SeqCst);
        let result = runtime.block_on(work);
        self.interrupt.working.store(false, Ordering::SeqCst);
        result
    }
}

/// The first signal asks the work to stop, a second, or one between two pieces of work, ends the
/// process.
async fn hear(kind: SignalKind, mut signals: Signal, interrupt: Arc<Interrupt>) {
    while signals.recv().await.is_some() {
        if !interrupt.working.swap(false, Ordering::SeqCst) {
            temporary::remove_all();
            prompt::restore();
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
        interrupt.stop.ask();
        interrupt.terminated.store(kind == SignalKind::terminate(), Ordering::SeqCst);
        interrupt.notify.notify_one();
    }
}

/// Whether it was started to outlive its terminal (`nohup`).
fn is_hangup_ignored() -> bool {
    match std::fs::read_to_string("/proc/self/status") {
        Ok(status) => {
            let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
            let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            ignored.is_some_and(|mask| mask & 1 == 1)
        }
        // Where nobody can say, what is under a terminal ends with it.
        Err(_) => !std::io::IsTerminal::is_terminal(&std::io::stderr()),
    }
}

/// Tells of Ctrl-C and the like.
#[derive(Debug)]
pub struct CtrlC(Arc<Interrupt>);

impl CtrlC {
    /// Until it is pressed, or another signal comes; whether it was a service manager's.
    pub async fn pressed(&self) -> bool {
        self.0.notify.notified().await;
        self.0.terminated.load(Ordering::SeqCst)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // What is left are connections and timers; nothing of ours waits for them.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
