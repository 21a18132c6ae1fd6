//! What a new workspace tells git.

/// By file.
pub(super) const FILES: [(&str, &str); 2] =
    [(".gitignore", GIT_IGNORE), (".gitattributes", GIT_ATTRIBUTES)];

/// What git leaves alone: what can be rebuilt, and key files as they are usually called.
const GIT_IGNORE: &str = "\
# What namesys can rebuild
.namesys/
# Secrets, which belong elsewhere
*.key
*.pem
*.mnemonic
*.password
mnemonic
password
words
keystore*.json
UTC--*
# What is signed is public, whatever it is called
!.well-known/**
!root/**
!phases/**
";

/// What is signed is bytes: git must not change the ends of lines.
const GIT_ATTRIBUTES: &str = "\
.well-known/** -text
root/** -text
phases/** -text
";
