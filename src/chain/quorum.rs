//! The answer that enough nodes give.

use std::fmt;

use super::error::{ChainError, Reason};

/// A node and its answer.
pub(super) type Answer<T> = (String, Result<T, ChainError>);

/// The answer that at least `quorum` nodes give.
pub(super) fn agreement<T: PartialEq + fmt::Display>(
    what: &str,
    quorum: usize,
    mut answers: Vec<Answer<T>>,
) -> Result<T, ChainError> {
    let votes = |answer: &T| {
        answers
            .iter()
            .filter(|(_, other)| other.as_ref().is_ok_and(|other| other == answer))
            .count()
    };
    let best = answers
        .iter()
        .enumerate()
        .filter_map(|(number, (_, answer))| Some((votes(answer.as_ref().ok()?), number)))
        .max_by_key(|(votes, number)| (*votes, usize::MAX - number));
    if let Some((count, number)) = best
        && count >= quorum
    {
        return answers.swap_remove(number).1;
    }
    // Not all have the block: at another they may agree.
    let lost =
        answers.iter().any(|(_, answer)| matches!(answer, Err(ChainError::LostBlock { .. })));
    let answered = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
    let differ = best.is_some_and(|(count, _)| count < answered);
    let said = answers.into_iter().map(|(node, answer)| {
        let said = match answer {
            Ok(answer) => answer.to_string(),
            Err(error) => error.of_one_node(),
        };
        Reason { node, said }
    });
    let answers = said.collect();
    let what = what.to_owned();
    Err(match (differ, lost) {
        (true, _) => ChainError::Disagreement { what, answers },
        (false, true) => ChainError::LostBlock { what, reasons: answers },
        (false, false) => ChainError::Rpc { what, reasons: answers },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(texts: &[&str]) -> Vec<Answer<String>> {
        let answer = |text: &&str| match *text {
            "" => Err(ChainError::NoRpc),
            text => Ok(text.to_owned()),
        };
        texts.iter().enumerate().map(|(n, text)| (format!("http://{n}/"), answer(text))).collect()
    }

    #[test]
    fn so_many_must_agree() {
        assert_eq!(agreement("x", 2, answers(&["a", "a"])), Ok("a".to_owned()));
        assert_eq!(agreement("x", 2, answers(&["b", "a", "a"])), Ok("a".to_owned()));
        assert_eq!(agreement("x", 2, answers(&["", "a", "a"])), Ok("a".to_owned()));
        let error = agreement("the owner", 2, answers(&["a", "b"])).unwrap_err().to_string();
        assert_eq!(error, "the nodes do not agree on the owner:\n  http://0/: a\n  http://1/: b");
        let few = agreement("x", 2, answers(&["a", ""])).unwrap_err();
        assert!(matches!(few, ChainError::Rpc { .. }), "{few}");
        let mut behind = answers(&["a", ""]);
        let reason = Reason { node: "http://1/".to_owned(), said: "header not found".to_owned() };
        behind[1].1 = Err(ChainError::LostBlock { what: "x".to_owned(), reasons: vec![reason] });
        let lost = agreement("x", 2, behind).unwrap_err();
        assert!(matches!(lost, ChainError::LostBlock { .. }), "{lost}");
        assert!(
            lost.to_string().ends_with("http://0/: a\n  http://1/: header not found"),
            "{lost}"
        );
    }
}
