//! The examples at the end of every command's help; a test parses each of them.

mod stealth;

use clap::Command;

/// By the command's words, two to four each.
const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "init",
        &["namesys init nick.eth", "namesys -C names init nick.eth other.eth --storage wallet"],
    ),
    ("name add", &["namesys name add other.eth", "namesys name add other.eth third.eth"]),
    ("name remove", &["namesys name remove other.eth", "namesys name remove other.eth --keep"]),
    ("name list", &["namesys name list", "namesys name list --json"]),
    (
        "clone",
        &[
            "namesys clone nick.eth --rpc-url https://rpc.example",
            "namesys clone nick.eth work --drop-invalid",
            "namesys clone --ipns k51qzi5uqu5dga6fpfcos2xk1xoq0q6h0vzxwzf20gzppm2m6u427vw4upnxwb --owner 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        ],
    ),
    (
        "keygen",
        &[
            "namesys keygen --mnemonic ~/words",
            "namesys keygen --keystore ~/keystore.json --export ~/keys",
            "namesys keygen --account nick --remember 8h",
            "namesys keygen nick.eth --requests --from 0xdA87a099a80fcE4778310474AaeB64b820c871a0",
        ],
    ),
    ("wallet list", &["namesys wallet list", "namesys wallet list --json"]),
    (
        "wallet address",
        &[
            "namesys wallet address --mnemonic ~/words --count 5",
            "namesys wallet address --account nick",
        ],
    ),
    (
        "wallet sign-test",
        &["namesys wallet sign-test --browser", "namesys wallet sign-test --account nick"],
    ),
    (
        "set",
        &[
            "namesys set text avatar https://example.com/me.png",
            "namesys set address btc bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 --name pay.nick.eth",
            "namesys set text note -- -a value that starts with a hyphen",
            "namesys set text avatar https://example.com/new.png --starts 2027-01-01T00:00:00Z",
        ],
    ),
    (
        "unset",
        &[
            "namesys unset text avatar",
            "namesys unset address btc --name pay.nick.eth",
            "namesys unset --name pay",
            "namesys unset text avatar --phase 2027-01-01T00:00:00Z",
        ],
    ),
    (
        "get",
        &[
            "namesys get text avatar",
            "namesys get address/btc --name pay.nick.eth --value",
            "namesys get --name pay --rpc-url https://rpc.example",
        ],
    ),
    (
        "list",
        &["namesys list", "namesys list pay.nick.eth text/avatar", "namesys list address --jsonl"],
    ),
    ("diff", &["namesys diff", "namesys diff --exit-code", "namesys diff pay.nick.eth --json"]),
    ("edit", &["namesys edit", "namesys -C nick.eth edit"]),
    ("check", &["namesys check", "namesys check --json"]),
    (
        "import",
        &[
            "namesys import records.csv",
            "namesys import - < records.jsonl",
            "namesys import records.csv --sync --dry-run",
            "namesys import --from-chain nick.eth --rpc-url https://rpc.example",
        ],
    ),
    ("export", &["namesys export > records.csv", "namesys export --format wide --name pay"]),
    (
        "approve",
        &[
            "namesys approve --name pay.nick.eth --mnemonic ~/words",
            "namesys approve --all --account nick",
            "namesys approve --name pay.nick.eth --requests",
            "namesys approve --name pay.nick.eth --signature sign-3.sig",
        ],
    ),
    (
        "sign",
        &[
            "namesys sign --mnemonic ~/words",
            "namesys sign --signer-key-file ~/keys/signer.key",
            "namesys sign --name pay.nick.eth",
            "namesys sign --approval on-chain --account nick",
        ],
    ),
    (
        "verify",
        &[
            "namesys verify",
            "namesys verify tree --owner 0xdA87a099a80fcE4778310474AaeB64b820c871a0",
        ],
    ),
    ("plan", &["namesys plan", "namesys plan --exit-code --json", "namesys plan --out plan.json"]),
    (
        "apply",
        &[
            "namesys apply --mnemonic ~/words",
            "namesys apply plan.json --yes --signer-key-file ~/keys/signer.key --ipns-key-file ~/keys/ipns.key",
        ],
    ),
    ("pack", &["namesys pack", "namesys pack site --car site.car"]),
    (
        "publish",
        &[
            "namesys publish --mnemonic ~/words",
            "namesys publish --ipns-key-file ~/keys/ipns.key --wait=10m",
            "namesys publish --ahead --mnemonic ~/words",
            "namesys publish --to https --site folder=/srv/www --site-url https://nick.example",
        ],
    ),
    (
        "pull",
        &[
            "namesys pull",
            "namesys pull --theirs",
            "namesys pull --partial --gateway https://ipfs.io",
        ],
    ),
    ("status", &["namesys status", "namesys status --warn-days 60 --rpc-url https://rpc.example"]),
    (
        "renew",
        &["namesys renew --mnemonic ~/words", "namesys renew --ipns-key-file ~/keys/ipns.key"],
    ),
    (
        "rollback",
        &[
            "namesys rollback --ipns-key-file ~/keys/ipns.key",
            "namesys rollback 7 --mnemonic ~/words",
        ],
    ),
    ("log", &["namesys log", "namesys log --json"]),
    (
        "resolve",
        &[
            "namesys resolve nick.eth --rpc-url https://rpc.example",
            "namesys resolve nick.eth text/avatar address/btc",
            "namesys resolve nick.eth --recordhash ipns://k51qzi5uqu5dga6fpfcos2xk1xoq0q6h0vzxwzf20gzppm2m6u427vw4upnxwb --owner 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
            "namesys resolve - < names.txt",
        ],
    ),
    (
        "write",
        &[
            "namesys write --explain 0xe0a05071000000000000000000000000000000000000000000000000000000000000000a00000000000000000000000044ffa642929d7ff8b41f0e4c46f048b6262b20e8",
            "namesys write nick.eth text avatar https://example.com/me.png --dry-run --account nick --rpc-url https://rpc.example",
            "namesys write nick.eth address btc bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 --mnemonic ~/words",
            "namesys write --import records.csv --account nick --rpc-url https://rpc.example --rpc-url https://l2.example",
        ],
    ),
    (
        "rotate",
        &[
            "namesys rotate --new-key-password-file ~/new --account nick",
            "namesys rotate --new-account nick2 --account nick --send --rpc-url https://rpc.example",
        ],
    ),
    (
        "setup",
        &[
            "namesys setup --account nick --rpc-url https://rpc.example",
            "namesys setup nick.eth --approve-signer --calldata --from 0xdA87a099a80fcE4778310474AaeB64b820c871a0",
            "namesys setup --revoke-signer --account nick",
            "namesys setup --clear-recordhash --ownerhash --safe batch.json",
        ],
    ),
    ("doctor", &["namesys doctor", "namesys doctor nick.eth --rpc-url https://rpc.example"]),
    (
        "serve",
        &[
            "namesys serve",
            "namesys serve --listen 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem",
            "namesys serve --database sqlite:records.db --rpc-url URL",
        ],
    ),
    (
        "serve export",
        &[
            "namesys serve export --database sqlite:records.db --out records.jsonl",
            "namesys serve export --database sqlite:records.db > records.jsonl",
        ],
    ),
    (
        "serve import",
        &[
            "namesys serve import records.jsonl --database sqlite:new.db --rpc-url URL",
            "namesys serve import - --database sqlite:new.db --owner 0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A < records.jsonl",
        ],
    ),
    ("demo", &["namesys demo", "namesys demo --chain"]),
    (
        "key inspect",
        &[
            "namesys key inspect --ipns-key-file ~/keys/ipns.key",
            "namesys key inspect --signer-key-file - < signer.key",
        ],
    ),
    (
        "key export",
        &[
            "namesys key export --format libp2p --out kubo.key --ipns-key-file ~/keys/ipns.key",
            "namesys key export --format hex --signer-key-file ~/keys/signer.key",
            "namesys key export --nostr --format nsec --out nostr.key",
        ],
    ),
    (
        "nostr set",
        &[
            "namesys nostr set",
            "namesys nostr set --as nick --public-key npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg",
        ],
    ),
    ("invoice key", &["namesys invoice key", "namesys invoice key --out invoice.key --format age"]),
    (
        "invoice request",
        &[
            "namesys invoice request nick.eth 0.25",
            "namesys invoice request nick.eth 0.25 --payee 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        ],
    ),
    (
        "invoice show",
        &[
            "namesys invoice show alice.eth",
            "namesys invoice show --text stealth.txt --invoice-key-file invoice.key",
        ],
    ),
    (
        "invoice pay",
        &[
            "namesys invoice pay alice.eth --max-cost 0.3",
            "namesys invoice pay alice.eth --calldata",
        ],
    ),
    (
        "ipns sign",
        &[
            "namesys ipns sign --value /ipfs/bafkqaaa --sequence 8 --out next.ipns-record --ipns-key-file ~/keys/ipns.key",
            "namesys ipns sign --value /ipfs/bafkqaaa --sequence 8 --count 12 --every 30d --out series --ipns-key-file ~/keys/ipns.key",
        ],
    ),
    (
        "ipns inspect",
        &["namesys ipns inspect next.ipns-record", "namesys ipns inspect - < next.ipns-record"],
    ),
    (
        "ipns get",
        &[
            "namesys ipns get k51qzi5uqu5dga6fpfcos2xk1xoq0q6h0vzxwzf20gzppm2m6u427vw4upnxwb",
            "namesys ipns get k51qzi5uqu5dga6fpfcos2xk1xoq0q6h0vzxwzf20gzppm2m6u427vw4upnxwb --out now.ipns-record",
        ],
    ),
    (
        "ipns put",
        &[
            "namesys ipns put next.ipns-record",
            "namesys ipns put --due series --watch",
            "namesys ipns put next.ipns-record --same-value --publisher w3name=https://name.web3.storage",
        ],
    ),
    (
        "revision inspect",
        &["namesys revision inspect revision", "namesys revision inspect - < revision"],
    ),
    (
        "revision increment",
        &[
            "namesys revision increment revision --value /ipfs/bafkqaaa --out next",
            "namesys revision increment - < revision > next",
        ],
    ),
    (
        "devnet",
        &[
            "namesys devnet",
            "namesys devnet --chain --register nick.eth=0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        ],
    ),
    (
        "completions",
        &[
            "namesys completions bash > ~/.local/share/bash-completion/completions/namesys",
            "namesys completions fish > ~/.config/fish/completions/namesys.fish",
        ],
    ),
    ("lock", &["namesys lock", "namesys lock --json"]),
    ("man", &["namesys man ~/.local/share/man/man1", "namesys man pages"]),
];

/// Those of every command.
fn all() -> impl Iterator<Item = &'static (&'static str, &'static [&'static str])> {
    EXAMPLES.iter().chain(stealth::EXAMPLES)
}

/// `command` with the examples of each of its commands.
pub fn added(command: Command) -> Command {
    added_below(command, "")
}

fn added_below(command: Command, words: &str) -> Command {
    let names: Vec<String> =
        command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let found = all().find(|(of, _)| *of == words);
    let command = match found {
        Some((_, examples)) => {
            let lines: Vec<String> = examples.iter().map(|line| format!("  {line}")).collect();
            command.after_help(format!("Examples:\n{}", lines.join("\n")))
        }
        None => command,
    };
    names.into_iter().fold(command, |command, name| {
        let below = format!("{words} {name}").trim_start().to_owned();
        command.mut_subcommand(name, |sub| added_below(sub, &below))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    /// The words of a line up to what a shell does with it.
    fn words(line: &str) -> Vec<&str> {
        line.split_whitespace().take_while(|word| !matches!(*word, "<" | ">" | "|")).collect()
    }

    fn leaves(command: &Command, above: &str, found: &mut Vec<String>) {
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            let words = format!("{above} {}", sub.get_name()).trim_start().to_owned();
            match sub.has_subcommands() {
                true => leaves(sub, &words, found),
                false => found.push(words),
            }
        }
    }

    #[test]
    fn every_command_has_examples_and_each_of_them_parses() {
        let mut commands = Vec::new();
        leaves(&cli::command(), "", &mut commands);
        let with: Vec<String> = all().map(|(of, _)| (*of).to_owned()).collect();
        let missing: Vec<&String> = commands.iter().filter(|words| !with.contains(words)).collect();
        assert!(missing.is_empty(), "without examples: {missing:?}");
        for (of, examples) in all().filter(|(of, _)| commands.iter().any(|w| w == of)) {
            assert!((2..=4).contains(&examples.len()), "{of}");
            for line in *examples {
                let parsed = cli::command().try_get_matches_from(words(line));
                let matches = parsed.unwrap_or_else(|error| panic!("{line}: {error}"));
                let mut found = Vec::new();
                let mut at = matches.subcommand();
                while let Some((name, below)) = at {
                    found.push(name);
                    at = below.subcommand();
                }
                assert_eq!(found.join(" "), *of, "{line}");
            }
        }
    }

    #[test]
    fn they_stand_in_the_help() {
        let mut command = cli::command();
        let key = command.find_subcommand_mut("key").unwrap();
        let help = key.find_subcommand_mut("inspect").unwrap().render_long_help().to_string();
        assert!(help.contains("Examples:\n  namesys key inspect --ipns-key-file"), "{help}");
    }
}
