//! Resolves a written path to the module that defines its last name.

use crate::workspace::{Target, below};

/// Bounds chains of re-exports; a glob may lead back to itself.
const DEPTH_MAX: usize = 16;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Resolved {
    /// A module of this crate.
    Module(Vec<String>),
    /// An item in this module of this crate.
    Item(Vec<String>),
    /// A path into another crate.
    Foreign(Vec<String>),
}

impl Target {
    /// Resolves a path as seen from a module.
    pub(crate) fn resolve(&self, module: &[String], segments: &[String]) -> Resolved {
        self.resolve_within(module, segments, DEPTH_MAX)
    }

    fn resolve_within(&self, module: &[String], segments: &[String], depth: usize) -> Resolved {
        let foreign = || Resolved::Foreign(segments.to_vec());
        let Some((first, rest)) = segments.split_first() else {
            return Resolved::Module(module.to_vec());
        };
        match first.as_str() {
            "crate" => self.descend(Vec::new(), rest, depth),
            "self" => self.descend(module.to_vec(), rest, depth),
            "super" => {
                let parent = module.split_last().map_or(&[][..], |(_, parent)| parent);
                if rest.first().is_some_and(|next| next == "super") {
                    self.resolve_within(parent, rest, depth)
                } else {
                    self.descend(parent.to_vec(), rest, depth)
                }
            }
            _ => match self.lookup(module, first, depth) {
                Some(Resolved::Module(found)) => self.descend(found, rest, depth),
                Some(Resolved::Foreign(mut path)) => {
                    path.extend_from_slice(rest);
                    Resolved::Foreign(path)
                }
                Some(item) => item,
                None => foreign(),
            },
        }
    }

    fn descend(&self, mut module: Vec<String>, segments: &[String], depth: usize) -> Resolved {
        for (at, segment) in segments.iter().enumerate() {
            match self.lookup(&module, segment, depth) {
                Some(Resolved::Module(child)) => module = child,
                Some(Resolved::Foreign(mut path)) => {
                    path.extend_from_slice(&segments[at + 1..]);
                    return Resolved::Foreign(path);
                }
                Some(item) => return item,
                // A macro, or made by one.
                None => return Resolved::Item(module),
            }
        }
        Resolved::Module(module)
    }

    /// Looks a name up in a module; `None` if the module's text does not name it.
    fn lookup(&self, module: &[String], name: &str, depth: usize) -> Option<Resolved> {
        let depth = depth.checked_sub(1)?;
        let child = below(module, name);
        if self.modules.contains_key(&child) {
            return Some(Resolved::Module(child));
        }
        let content = &self.modules.get(module)?.content;
        if content.defined.iter().any(|defined| defined == name) {
            return Some(Resolved::Item(module.to_vec()));
        }
        for import in &content.imports {
            let segments = &import.written.segments;
            let names_itself = segments.first().is_some_and(|first| first == name);
            if import.binds.as_deref() == Some(name) {
                // `use tokio;` names the crate, not itself.
                return Some(if names_itself {
                    Resolved::Foreign(segments.clone())
                } else {
                    self.resolve_within(module, segments, depth)
                });
            }
        }
        let globs = content.imports.iter().filter(|import| import.is_glob);
        globs
            .filter_map(
                |glob| match self.resolve_within(module, &glob.written.segments, depth) {
                    Resolved::Module(from) if from != module => self.lookup(&from, name, depth),
                    _ => None,
                },
            )
            .next()
    }
}
