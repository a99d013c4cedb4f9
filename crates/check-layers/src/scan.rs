//! Scans a source file for the names that it defines, imports and uses. Comments are ignored, and of strings
//! only SQL counts.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A module: a file's, or an inline one.
#[derive(Default)]
pub(crate) struct Scanned {
    pub(crate) imports: Vec<Import>,
    pub(crate) paths: Vec<Written>,
    /// Single-segment names with their first lines.
    pub(crate) names: BTreeMap<String, usize>,
    pub(crate) defined: Vec<String>,
    pub(crate) files: Vec<ChildFile>,
    pub(crate) inline: Vec<(String, Scanned)>,
    /// Lines of strings with an SQL statement.
    pub(crate) sql: Vec<usize>,
}

/// A path as written.
#[derive(Clone)]
pub(crate) struct Written {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
}

/// One name of a `use`. A glob binds none.
pub(crate) struct Import {
    pub(crate) written: Written,
    pub(crate) binds: Option<String>,
    pub(crate) is_glob: bool,
    pub(crate) is_exported: bool,
}

/// `mod name;`
pub(crate) struct ChildFile {
    pub(crate) name: String,
    /// From `#[path]`.
    pub(crate) path: Option<String>,
}

const DEFINING: [&str; 9] = [
    "fn",
    "struct",
    "enum",
    "union",
    "trait",
    "type",
    "const",
    "static",
    "macro_rules",
];

const STATEMENTS: [&str; 8] = [
    "SELECT ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "WITH ",
    "LOCK TABLE ",
    "TRUNCATE ",
    "MERGE INTO ",
];

pub(crate) fn scan(source: TokenStream) -> Scanned {
    let mut module = Scanned::default();
    Scanner::new(source).scan(&mut module, true);
    module
}

struct Scanner {
    tokens: Vec<TokenTree>,
    at: usize,
}

impl Scanner {
    fn new(stream: TokenStream) -> Self {
        Self {
            tokens: stream.into_iter().collect(),
            at: 0,
        }
    }

    /// Items are recognized only at module level, not in bodies.
    fn scan(mut self, module: &mut Scanned, has_items: bool) {
        let mut path_attribute = None;
        while let Some(token) = self.tokens.get(self.at) {
            match token {
                TokenTree::Group(group) => {
                    if let Some(path) = path_of_attribute(group) {
                        path_attribute = Some(path);
                    } else if !self.follows_pub() {
                        Self::new(group.stream()).scan(module, false);
                    }
                    self.at += 1;
                }
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let text = text.trim_start_matches(['r', '#', '"', '\\', '\n', ' ']);
                    if STATEMENTS
                        .iter()
                        .any(|statement| text.starts_with(statement))
                    {
                        module.sql.push(literal.span().start().line);
                    }
                    self.at += 1;
                }
                TokenTree::Punct(_) => self.at += 1,
                TokenTree::Ident(ident) => match ident.to_string().as_str() {
                    "use" if !self.is_punct(self.at + 1, '<') => self.import(module),
                    "mod" => self.child(module, path_attribute.take()),
                    word if has_items && DEFINING.contains(&word) => self.definition(module),
                    _ => self.path(module),
                },
            }
        }
    }

    fn ident(&self, at: usize) -> Option<String> {
        match self.tokens.get(at) {
            Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
            _ => None,
        }
    }

    fn is_punct(&self, at: usize, expected: char) -> bool {
        matches!(self.tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == expected)
    }

    fn is_separator(&self, at: usize) -> bool {
        self.is_punct(at, ':') && self.is_punct(at + 1, ':')
    }

    /// Skips the scope of `pub(in crate::module)`, which uses nothing.
    fn follows_pub(&self) -> bool {
        self.at > 0 && self.ident(self.at - 1).is_some_and(|word| word == "pub")
    }

    fn line(&self) -> usize {
        self.tokens
            .get(self.at)
            .map_or(0, |token| token.span().start().line)
    }

    fn child(&mut self, module: &mut Scanned, path: Option<String>) {
        let name = self.ident(self.at + 1);
        match (name, self.tokens.get(self.at + 2)) {
            (Some(name), Some(TokenTree::Group(body))) if body.delimiter() == Delimiter::Brace => {
                module.inline.push((name, scan(body.stream())));
                self.at += 3;
            }
            (Some(name), _) => {
                module.files.push(ChildFile { name, path });
                self.at += 2;
            }
            _ => self.at += 1,
        }
    }

    fn definition(&mut self, module: &mut Scanned) {
        self.at += 1;
        if self.is_punct(self.at, '!') {
            self.at += 1;
        }
        // `const fn` and `*const T` come here too: the next iteration handles them.
        match self.ident(self.at) {
            Some(name)
                if !DEFINING.contains(&name.as_str()) && name != "unsafe" && name != "async" =>
            {
                module.defined.push(name);
                self.at += 1;
            }
            _ => {}
        }
    }

    fn path(&mut self, module: &mut Scanned) {
        let line = self.line();
        let before = |distance: usize, punct: char| {
            self.at >= distance && self.is_punct(self.at - distance, punct)
        };
        let is_member = before(1, '.') && !before(2, '.');
        let is_lifetime = before(1, '\'');
        let is_absolute = before(1, ':') && before(2, ':');
        let mut segments = Vec::new();
        while let Some(segment) = self.ident(self.at) {
            segments.push(segment);
            self.at += 1;
            if !self.is_separator(self.at) || self.ident(self.at + 2).is_none() {
                break;
            }
            self.at += 2;
        }
        if is_member || is_lifetime || is_absolute {
            return;
        }
        if let [name] = segments.as_slice() {
            module.names.entry(name.clone()).or_insert(line);
        } else {
            module.paths.push(Written { segments, line });
        }
    }

    fn import(&mut self, module: &mut Scanned) {
        let mut visibility = self.at;
        if visibility > 0 && matches!(self.tokens.get(visibility - 1), Some(TokenTree::Group(_))) {
            visibility -= 1;
        }
        let is_exported =
            visibility > 0 && self.ident(visibility - 1).is_some_and(|word| word == "pub");
        self.at += 1;
        self.tree(&mut Vec::new(), is_exported, module);
    }

    /// A `use` tree, up to its end or the next comma.
    fn tree(&mut self, prefix: &mut Vec<String>, is_exported: bool, module: &mut Scanned) {
        let depth = prefix.len();
        let line = self.line();
        let mut binds = None;
        let mut is_glob = false;
        while let Some(token) = self.tokens.get(self.at).cloned() {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    binds = self.ident(self.at + 1);
                    self.at += 1;
                }
                TokenTree::Ident(word) => prefix.push(word.to_string()),
                TokenTree::Group(group) => {
                    let mut inner = Self::new(group.stream());
                    while inner.at < inner.tokens.len() {
                        inner.tree(prefix, is_exported, module);
                    }
                    prefix.truncate(depth);
                    self.at += 1;
                    self.skip_to_end();
                    return;
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => is_glob = true,
                TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ',') => break,
                _ => {}
            }
            self.at += 1;
        }
        self.at += 1;
        if prefix.last().is_some_and(|last| last == "self") && prefix.len() > 1 {
            prefix.pop();
        }
        if binds.is_none() && !is_glob {
            binds = prefix.last().cloned();
        }
        let segments = prefix.clone();
        prefix.truncate(depth);
        if !segments.is_empty() {
            module.imports.push(Import {
                written: Written { segments, line },
                binds,
                is_glob,
                is_exported,
            });
        }
    }

    fn skip_to_end(&mut self) {
        if self.is_punct(self.at, ';') || self.is_punct(self.at, ',') {
            self.at += 1;
        }
    }
}

fn path_of_attribute(group: &Group) -> Option<String> {
    let mut tokens = group.stream().into_iter();
    match (tokens.next(), tokens.next(), tokens.next()) {
        (
            Some(TokenTree::Ident(name)),
            Some(TokenTree::Punct(_)),
            Some(TokenTree::Literal(path)),
        ) if name == "path" => Some(path.to_string().trim_matches('"').to_owned()),
        _ => None,
    }
}
