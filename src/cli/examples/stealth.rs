//! Of `stealth`.

pub const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "stealth keys",
        &[
            "namesys stealth keys --mnemonic ~/words",
            "namesys stealth keys --account nick --export ~/keys --format age",
        ],
    ),
    (
        "stealth set",
        &[
            "namesys stealth set --mnemonic ~/words",
            "namesys stealth set --registry --rpc-url https://rpc.example --account nick",
        ],
    ),
    (
        "stealth address",
        &[
            "namesys stealth address nick.eth --rpc-url https://rpc.example",
            "namesys stealth address st:eth:0x02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee502f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
        ],
    ),
    (
        "stealth pay",
        &[
            "namesys stealth pay nick.eth 0.05 --rpc-url https://rpc.example --account me",
            "namesys stealth pay nick.eth 20 --token 0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48 --account me",
        ],
    ),
    (
        "stealth scan",
        &[
            "namesys stealth scan --from-block 20000000 --rpc-url https://rpc.example --account nick",
            "namesys stealth scan --viewing-key-file ~/keys/viewing.key",
        ],
    ),
    (
        "stealth export",
        &[
            "namesys stealth export 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 --out one.key --account nick",
            "namesys stealth export 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 --format keystore --out one.json",
        ],
    ),
    (
        "stealth sweep",
        &[
            "namesys stealth sweep 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 --to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
            "namesys stealth sweep 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 --to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --token 0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
        ],
    ),
];
