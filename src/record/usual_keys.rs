//! The usual text keys (ENSIP-5, ENSIP-18), and what people write instead of them.

/// Text keys that clients look for.
const USUAL: &[&str] = &[
    "alias",
    "avatar",
    "com.discord",
    "com.github",
    "com.instagram",
    "com.linkedin",
    "com.peepeth",
    "com.reddit",
    "com.twitter",
    "com.x",
    "com.youtube",
    "description",
    "display",
    "email",
    "header",
    "io.keybase",
    "keywords",
    "language",
    "location",
    "mail",
    "name",
    "notice",
    "org.telegram",
    "phone",
    "theme",
    "timezone",
    "url",
];

/// What people write, and the key that is meant.
const MEANT: &[(&str, &str)] = &[
    ("bio", "description"),
    ("com.telegram", "org.telegram"),
    ("discord", "com.discord"),
    ("github", "com.github"),
    ("homepage", "url"),
    ("image", "avatar"),
    ("instagram", "com.instagram"),
    ("keybase", "io.keybase"),
    ("linkedin", "com.linkedin"),
    ("pfp", "avatar"),
    ("photo", "avatar"),
    ("picture", "avatar"),
    ("reddit", "com.reddit"),
    ("telegram", "org.telegram"),
    ("twitter", "com.twitter"),
    ("vnd.github", "com.github"),
    ("vnd.peepeth", "com.peepeth"),
    ("vnd.twitter", "com.twitter"),
    ("web", "url"),
    ("website", "url"),
    ("youtube", "com.youtube"),
];

/// The usual text keys, for completions.
pub fn usual_text_keys() -> &'static [&'static str] {
    USUAL
}

/// The usual text key that `key` was most likely meant to be; `None` where it is one, or like
/// none.
pub fn meant_text_key(key: &str) -> Option<&'static str> {
    if USUAL.contains(&key) {
        return None;
    }
    let lower = key.to_ascii_lowercase();
    let same = |usual: &&&str| **usual == lower;
    if let Some(usual) = USUAL.iter().find(same) {
        return Some(usual);
    }
    if let Some((_, usual)) = MEANT.iter().find(|(written, _)| *written == lower) {
        return Some(usual);
    }
    let far = |usual: &str| strsim::osa_distance(&lower, usual);
    let nearest = USUAL.iter().min_by_key(|usual| far(usual))?;
    // Two letters of five are another word.
    (lower.len() >= 4 && far(nearest) <= lower.len() / 4).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_of_usual_keys() {
        for (written, meant) in [
            ("avtar", "avatar"),
            ("github", "com.github"),
            ("Twitter", "com.twitter"),
            ("URL", "url"),
            ("descripton", "description"),
            ("com.githb", "com.github"),
            ("website", "url"),
        ] {
            assert_eq!(meant_text_key(written), Some(meant), "{written}");
        }
        for other in ["avatar", "com.x", "rsa", "stealth", "note", "eth.ens.delegate", "a", "uri"] {
            assert_eq!(meant_text_key(other), None, "{other}");
        }
    }
}
