//! The references of each file of a crate, with their lines.

use std::collections::BTreeMap;

use crate::resolve::Resolved;
use crate::workspace::{Module, Target};

pub(crate) struct Reference {
    pub(crate) from: String,
    pub(crate) line: usize,
    /// The referenced path: `crate::` and the defining module, or a path into another crate.
    pub(crate) path: String,
    /// The file that defines it, if it is in this crate.
    pub(crate) file: Option<String>,
}

pub(crate) fn of(target: &Target) -> Vec<Reference> {
    let mut references = Vec::new();
    for (name, module) in &target.modules {
        let mut add = |resolved: Resolved, line: usize| {
            references.extend(target.reference(module, resolved, line));
        };
        for path in &module.content.paths {
            add(target.resolve(name, &path.segments), path.line);
        }
        for import in &module.content.imports {
            let resolved = target.resolve(name, &import.written.segments);
            let is_contents = import.is_exported && is_below(name, &resolved);
            let used_at = import
                .binds
                .as_ref()
                .and_then(|binds| module.content.names.get(binds));
            match (&resolved, used_at) {
                // A table of contents does not use what it re-exports.
                _ if is_contents && used_at.is_none() => {}
                (_, Some(line)) if is_contents => add(resolved, *line),
                // Importing a module is no use of it: paths through it are. A glob imports unknown names.
                (Resolved::Module(from), _) if import.is_glob => {
                    add(Resolved::Item(from.clone()), import.written.line);
                }
                (Resolved::Module(_), _) => {}
                _ => add(resolved, import.written.line),
            }
        }
    }
    references
}

fn is_below(module: &[String], resolved: &Resolved) -> bool {
    match resolved {
        Resolved::Item(found) | Resolved::Module(found) => {
            found.len() > module.len() && found.starts_with(module)
        }
        Resolved::Foreign(_) => false,
    }
}

impl Target {
    fn reference(&self, from: &Module, resolved: Resolved, line: usize) -> Option<Reference> {
        let (path, file) = match resolved {
            Resolved::Foreign(path) => (path, None),
            Resolved::Module(module) | Resolved::Item(module) => {
                let file = self.modules.get(&module)?.file.clone();
                let mut path = vec!["crate".to_owned()];
                path.extend(module);
                (path, Some(file))
            }
        };
        Some(Reference {
            from: from.file.clone(),
            line,
            path: path.join("::"),
            file,
        })
    }
}

/// For each file the files that it uses, with the first reference to each.
pub(crate) type Graph<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a Reference>>;

pub(crate) fn graph(references: &[Reference]) -> Graph<'_> {
    let mut graph = Graph::new();
    for reference in references {
        if let Some(to) = &reference.file
            && *to != reference.from
        {
            let used = graph.entry(&reference.from).or_default();
            used.entry(to).or_insert(reference);
        }
    }
    graph
}
