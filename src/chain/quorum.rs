//! The answer that enough nodes give.

use std::fmt;

use super::answer::{Answer, Witness};
use super::error::{ChainError, Reason};
use super::url::RpcUrl;

/// A node and its answer.
pub(super) type Vote<T> = (RpcUrl, Result<T, ChainError>);

/// The answer that at least `quorum` nodes give, and which.
pub(super) fn agreement<T: PartialEq + fmt::Display>(
    what: &str,
    quorum: usize,
    mut answers: Vec<Vote<T>>,
) -> Result<Answer<T>, ChainError> {
    let votes = |answer: &T| {
        let same = |other: &&Vote<T>| other.1.as_ref().is_ok_and(|other| other == answer);
        answers.iter().filter(same).map(|(node, _)| node.clone()).collect::<Vec<_>>()
    };
    let best = answers
        .iter()
        .enumerate()
        .filter_map(|(number, (_, answer))| Some((votes(answer.as_ref().ok()?), number)))
        .max_by_key(|(votes, number)| (votes.len(), usize::MAX - number));
    let count = best.as_ref().map_or(0, |(votes, _)| votes.len());
    if let Some((votes, number)) = best
        && count >= quorum
    {
        let mut by = Witness::default();
        by.add(votes);
        return answers.swap_remove(number).1.map(|value| Answer { value, by });
    }
    // Not all have the block: at another they may agree.
    let lost =
        answers.iter().any(|(_, answer)| matches!(answer, Err(ChainError::LostBlock { .. })));
    let answered = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
    let differ = count < answered;
    let said = answers.into_iter().map(|(node, answer)| {
        let said = match answer {
            Ok(answer) => answer.to_string(),
            Err(error) => error.of_one_node(),
        };
        Reason { node: node.to_string(), said }
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

    fn answers(texts: &[&str]) -> Vec<Vote<String>> {
        let answer = |text: &&str| match *text {
            "" => Err(ChainError::NoRpc),
            text => Ok(text.to_owned()),
        };
        let node = |number| format!("http://n{number}/").parse().unwrap();
        texts.iter().enumerate().map(|(number, text)| (node(number), answer(text))).collect()
    }

    #[test]
    fn so_many_must_agree() {
        for (said, by) in [
            (&["a", "a"][..], "http://n0/, http://n1/"),
            (&["b", "a", "a"], "http://n1/, http://n2/"),
            (&["", "a", "a"], "http://n1/, http://n2/"),
        ] {
            let Answer { value, by: found } = agreement("x", 2, answers(said)).unwrap();
            assert_eq!((&*value, &*found.to_string()), ("a", by));
        }
        let error = agreement("the owner", 2, answers(&["a", "b"])).unwrap_err().to_string();
        assert_eq!(error, "the nodes do not agree on the owner:\n  http://n0/: a\n  http://n1/: b");
        let few = agreement("x", 2, answers(&["a", ""])).unwrap_err();
        assert!(matches!(few, ChainError::Rpc { .. }), "{few}");
        let mut behind = answers(&["a", ""]);
        let reason = Reason { node: "http://n1/".to_owned(), said: "header not found".to_owned() };
        behind[1].1 = Err(ChainError::LostBlock { what: "x".to_owned(), reasons: vec![reason] });
        let lost = agreement("x", 2, behind).unwrap_err();
        assert!(matches!(lost, ChainError::LostBlock { .. }), "{lost}");
        assert!(
            lost.to_string().ends_with("http://n0/: a\n  http://n1/: header not found"),
            "{lost}"
        );
    }
}
