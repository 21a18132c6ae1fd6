//! No core dumps: they would hold keys and passwords.

/// From now on this process leaves no memory behind when it dies. Where the system does not let it,
/// everything else works all the same.
#[cfg(unix)]
pub fn disable() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Linux hands a dump to a program whatever the limit is, but for one of a byte.
    let limit = Some(u64::from(cfg!(target_os = "linux")));
    let _ = setrlimit(Resource::Core, Rlimit { current: limit, maximum: limit });
}

/// There are none to speak of.
#[cfg(not(unix))]
pub fn disable() {}
