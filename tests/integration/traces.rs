//! How a secret looks where bytes are shown.

use alloy_primitives::hex;
use data_encoding::BASE64;

/// What a trace of `secret` would hold: the hex, the base64 and the decimal bytes of its
/// beginning, wherever it stands.
pub fn forms(secret: &[u8]) -> Vec<String> {
    let begin = &secret[..secret.len().min(16)];
    let decimal = begin.iter().map(u8::to_string).collect::<Vec<_>>();
    let mut forms = vec![
        hex::encode(begin),
        hex::encode_upper(begin),
        decimal.join(", "),
        decimal.join(","),
        decimal.join(" "),
    ];
    // Behind as many other bytes as change its letters.
    for skipped in 0..3 {
        let whole = begin[skipped..].chunks_exact(3).flatten().copied().collect::<Vec<u8>>();
        forms.push(BASE64.encode(&whole));
    }
    forms
}

#[test]
fn a_secret_is_recognised() {
    let secret: Vec<u8> = (200..232).collect();
    let all = [&[1, 2, 3, 4][..], &secret, &[5]].concat();
    for shown in [format!("{all:?}"), hex::encode(&all), BASE64.encode(&all)] {
        assert!(forms(&secret).iter().any(|form| shown.contains(form)), "{shown}");
    }
    assert!(forms(&secret).iter().all(|form| form.len() >= 16), "none that stands anywhere");
}
