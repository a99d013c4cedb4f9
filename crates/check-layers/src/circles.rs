//! Import cycles: the strongly connected components of the graph of files.

use std::collections::BTreeSet;

use crate::references::{Graph, Reference, graph};

/// One finding per reference that is part of a cycle.
pub(crate) fn found(references: &[Reference]) -> Vec<String> {
    let graph = graph(references);
    let mut findings = Vec::new();
    for (from, used) in &graph {
        for (to, reference) in used {
            if reached(&graph, to).contains(from) {
                let (line, path) = (reference.line, &reference.path);
                findings.push(format!(
                    "{from}:{line}: cycle: uses {path}, and {to} uses this file"
                ));
            }
        }
    }
    findings
}

/// The files that a file uses, directly or transitively.
fn reached<'a>(graph: &Graph<'a>, start: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(file) = waiting.pop() {
        for to in graph.get(file).into_iter().flat_map(|used| used.keys()) {
            if reached.insert(*to) {
                waiting.push(to);
            }
        }
    }
    reached
}
