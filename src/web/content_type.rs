//! The media type of a file: by its name, else by its first bytes.

/// Bytes looked at when the name says nothing.
const SNIFFED: usize = 3072;

/// As Kubo's gateway: text types say `charset=utf-8`, HTML leaves it to the document.
pub(crate) fn content_type(name: Option<&str>, content: &[u8]) -> String {
    let by_name = name.and_then(|name| mime_guess::from_path(name).first());
    let Some(kind) = by_name else { return sniff(content).to_owned() };
    match kind.essence_str() {
        "text/html" => "text/html".to_owned(),
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    }
}

fn sniff(content: &[u8]) -> &'static str {
    let start = &content[..content.len().min(SNIFFED)];
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // The cut may have halved the last character.
        Err(error) if start.len() - error.valid_up_to() < 4 && start.len() < content.len() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return "application/octet-stream",
    };
    let shown = text.trim_start();
    let head: String = shown.chars().take(14).collect::<String>().to_ascii_lowercase();
    if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c')) {
        "application/octet-stream"
    } else if head.starts_with("<!doctype html") || head.starts_with("<html") {
        "text/html"
    } else if shown.starts_with(['{', '['])
        && serde_json::from_slice::<serde::de::IgnoredAny>(content).is_ok()
    {
        "application/json"
    } else {
        "text/plain; charset=utf-8"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_before_content() {
        for (name, content, kind) in [
            (Some("avatar.json"), "not json", "application/json"),
            (Some("index.html"), "", "text/html"),
            (Some("a.TXT"), "", "text/plain; charset=utf-8"),
            (Some("a.css"), "", "text/css; charset=utf-8"),
            (Some("a.png"), "", "image/png"),
            (Some("noname"), "plain", "text/plain; charset=utf-8"),
            (None, r#" {"data":"0x"}"#, "application/json"),
            (None, "{ no json", "text/plain; charset=utf-8"),
            (None, "<!DOCTYPE html><p>", "text/html"),
            (None, "\u{0}\u{1}", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name, content.as_bytes()), kind, "{name:?} {content:?}");
        }
        assert_eq!(content_type(None, &[0xff, 0xfe, 0x80]), "application/octet-stream");
        let long = format!("a{}", "ä".repeat(SNIFFED));
        assert_eq!(content_type(None, long.as_bytes()), "text/plain; charset=utf-8");
    }
}
