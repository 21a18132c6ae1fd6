//! What lets a page in: a link that is used once, and what it is exchanged for.

use std::hint::black_box;
use std::io;

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

/// 256 random bits, as text that a URL takes.
pub(super) struct Key(Zeroizing<String>);

impl Key {
    pub(super) fn new() -> io::Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut bytes[..]).map_err(io::Error::other)?;
        Ok(Self(Zeroizing::new(BASE64URL_NOPAD.encode(&bytes[..]))))
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether it is `given`. How long that takes says nothing of how much of it is right.
    pub(super) fn is(&self, given: &str) -> bool {
        let (own, given) = (self.0.as_bytes(), given.as_bytes());
        let differs = own
            .iter()
            .zip(given)
            .fold(0, |differs, (own, given)| black_box(differs | (own ^ given)));
        own.len() == given.len() && black_box(differs) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_and_each_another() {
        let [one, other] = [Key::new().unwrap(), Key::new().unwrap()];
        assert_eq!(BASE64URL_NOPAD.decode(one.text().as_bytes()).unwrap().len(), 32);
        assert!(one.is(one.text()) && !one.is(other.text()));
        let (short, long) = (&one.text()[..42], format!("{}A", one.text()));
        assert!(!one.is("") && !one.is(short) && !one.is(&long));
    }
}
