//! A number that changes with the code, so that a reader knows whether the same code took a snapshot.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Returns FNV-1a over the tokens. Their text would not do: its spacing may change with the compiler.
pub(crate) fn of<'a>(parts: impl IntoIterator<Item = &'a TokenStream>) -> u64 {
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    for part in parts {
        hash.tokens(part.clone());
    }
    hash.0
}

struct Hash(u64);

impl Hash {
    fn tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                // Docs are not code.
                TokenTree::Punct(punct) if punct.as_char() == '#' && tokens.peek().is_some_and(is_doc) => {
                    tokens.next();
                }
                TokenTree::Group(group) => {
                    self.text(match group.delimiter() {
                        Delimiter::Parenthesis => "(",
                        Delimiter::Brace => "{",
                        Delimiter::Bracket => "[",
                        Delimiter::None => "",
                    });
                    self.tokens(group.stream());
                    self.text("end");
                }
                other => self.text(&other.to_string()),
            }
        }
    }

    fn text(&mut self, text: &str) {
        // The zero keeps `ab` and `c` apart from `a` and `bc`.
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

fn is_doc(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket
        && matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> u64 {
        of([&text.parse().unwrap()])
    }

    #[test]
    fn only_what_is_said_about_the_code_does_not_count() {
        let code = "struct A { /* one */ a: u8 }";
        assert_eq!(hash(code), hash("struct A {\n /// Documented.\n a : u8 }"));
        for other in
            ["struct A { b: u8 }", "struct A { a: u8, }", "struct A ( a: u8 )", "#[x] struct A { a: u8 }"]
        {
            assert_ne!(hash(code), hash(other), "{other}");
        }
        assert_ne!(hash("ab c"), hash("a bc"));
        // Snapshots hold this number: it stays the same in every release.
        assert_eq!(hash("a b"), 0xab40_d782_0d40_8076);
    }
}
