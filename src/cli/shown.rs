//! Text of others as a terminal may have it: what is not seen is escaped.

/// `text` with control characters escaped, and others that are not seen: what others wrote must
/// not drive the terminal, and not read as something else.
pub fn shown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut before = None;
    for character in text.chars() {
        if is_hidden(before, character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
        before = Some(character);
    }
    safe
}

/// As [`shown`], of a line that a command made: its own colours stay.
pub fn shown_line(line: &str) -> String {
    const OWN: [&str; 5] = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"];
    let mut parts = line.split('\u{1b}');
    let mut safe = shown(parts.next().unwrap_or_default());
    for part in parts {
        let own = OWN.iter().find(|own| part.starts_with(&own[1..]));
        let (own, rest) = match own {
            Some(own) => (*own, &part[own.len() - 1..]),
            None => ("\\u{1b}", part),
        };
        safe += own;
        safe += &shown(rest);
    }
    safe
}

/// Controls, and what has no shape of its own: directions, joiners, fillers, tags, separators.
/// Within emoji (after a character that is neither ASCII nor a letter) joiners and variation
/// selectors belong.
fn is_hidden(before: Option<char>, character: char) -> bool {
    match character {
        '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' => {
            before.is_none_or(|c| c.is_alphabetic() || c.is_whitespace() || c == '\u{200d}')
        }
        '\u{00ad}'
        | '\u{034f}'
        | '\u{061c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{200c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0d}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        _ => character.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_direction_characters_are_escaped() {
        assert_eq!(shown("a\u{1b}[2J\nb\u{202e}ü🦇"), "a\\u{1b}[2J\\u{a}b\\u{202e}ü🦇");
        assert_eq!(shown("ava\u{200b}tar\u{ad}\u{feff}"), "ava\\u{200b}tar\\u{ad}\\u{feff}");
        assert_eq!(shown("a\u{200d}b\u{e0061}"), "a\\u{200d}b\\u{e0061}");
        for whole in ["👨\u{200d}👩\u{200d}👧", "❤\u{fe0f}", "naïve e\u{301}", "日本"] {
            assert_eq!(shown(whole), whole);
        }
    }

    #[test]
    fn a_line_keeps_its_own_colours_alone() {
        let line = "\u{1b}[32mok\u{1b}[0m a\u{1b}[2Jb\u{202e}\u{1b}";
        let shown = "\u{1b}[32mok\u{1b}[0m a\\u{1b}[2Jb\\u{202e}\\u{1b}";
        assert_eq!(shown_line(line), shown);
    }
}
