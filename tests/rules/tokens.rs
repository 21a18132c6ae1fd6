//! Just enough of Rust's grammar to find paths: comments, texts and characters are left out.

use std::iter::Peekable;
use std::str::Chars;

/// Names and single punctuation characters; `::` is one token.
pub fn tokens(text: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), text.chars().peekable());
    while let Some(c) = rest.next() {
        match c {
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|&c| c != '\n').is_some() {},
            '/' if rest.peek() == Some(&'*') => skip_comment(&mut rest),
            '"' => skip_text(&mut rest),
            '\'' => skip_character(&mut rest),
            'r' if is_raw(&rest) => skip_raw(&mut rest),
            ':' if rest.next_if_eq(&':').is_some() => found.push("::".to_owned()),
            c if c.is_alphanumeric() || c == '_' => {
                let mut name = String::from(c);
                while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                // b"…", c"…", br#"…"#: the text follows as it is.
                if name.ends_with('r') && is_raw(&rest) {
                    skip_raw(&mut rest);
                } else {
                    found.push(name);
                }
            }
            c if c.is_whitespace() => {}
            c => found.push(c.to_string()),
        }
    }
    found
}

fn skip_comment(rest: &mut Peekable<Chars>) {
    let (mut depth, mut last) = (1, ' ');
    rest.next();
    for c in rest {
        match (last, c) {
            ('*', '/') => depth -= 1,
            ('/', '*') => depth += 1,
            _ => {
                last = c;
                continue;
            }
        }
        if depth == 0 {
            return;
        }
        last = ' ';
    }
}

fn skip_text(rest: &mut Peekable<Chars>) {
    while let Some(c) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            '"' => return,
            _ => {}
        }
    }
}

/// A character, or a lifetime, whose name is of no interest either.
fn skip_character(rest: &mut Peekable<Chars>) {
    match rest.next() {
        Some('\\') => {
            rest.next();
            while rest.next_if(|&c| c != '\'').is_some() {}
            rest.next();
        }
        Some(_) if rest.peek() == Some(&'\'') => drop(rest.next()),
        _ => while rest.next_if(|c| c.is_alphanumeric() || *c == '_').is_some() {},
    }
}

/// Whether a raw text's `#…"` follows; a raw name, `r#type`, is none.
fn is_raw(rest: &Peekable<Chars>) -> bool {
    let mut rest = rest.clone();
    while rest.next_if_eq(&'#').is_some() {}
    rest.peek() == Some(&'"')
}

fn skip_raw(rest: &mut Peekable<Chars>) {
    let mut hashes = 0;
    while rest.next_if_eq(&'#').is_some() {
        hashes += 1;
    }
    rest.next();
    while let Some(c) = rest.next() {
        let mut ahead = rest.clone();
        if c == '"' && (0..hashes).all(|_| ahead.next() == Some('#')) {
            *rest = ahead;
            return;
        }
    }
}

#[test]
fn what_is_no_code_is_left_out() {
    let text = r##"
        // crate::a
        /* crate::b /* crate::c */ crate::d */
        let x: &'static str = "crate::e \" crate::f"; let y = ('"', '\'', '\u{41}', 'r');
        let z = (r#"crate::g " crate::h"#, b"crate::i", br"crate::j");
        fn f<'a>(r: &'a crate::k::K) -> r#type {}
    "##;
    let tokens = tokens(text).join(" ");
    assert_eq!(tokens.matches("crate").count(), 1, "{tokens}");
    assert!(tokens.contains("crate :: k :: K"), "{tokens}");
}
