//! Rows that in-process callers write in the transaction of their command, so that a sale and its booking are
//! stored both or not at all.
//!
//! Callers describe the rows, and the committer writes them. Rows of one type in one batch are combined: a
//! hundred sales become one statement, pipelined with the inventory's own and the commit.

use std::any::{Any, TypeId};

use deadpool_postgres::GenericClient;
use tokio_postgres::types::ToSql;

use crate::verdict::{Accepted, Verdict};

/// A boxed statement parameter.
pub(crate) type Parameter = Box<dyn ToSql + Sync + Send>;

/// Rows to write if a command is accepted.
///
/// They are written once: a repeated command on a hold or an adjustment is found recorded. Commands on pools
/// have no ids and may run again after a commit whose answer was lost, so their rows must be idempotent to
/// write. If writing fails on the data, only this command fails.
pub trait Rows: Send + Sync + Sized + 'static {
    /// The statements that write the rows of these accepted commands, in the order of the commands; there is at
    /// least one. They run in this order, after the inventory's own. No statement may depend on another's
    /// result.
    fn statements(batch: &[(&Self, &Accepted)]) -> Vec<RowStatement>;
}

/// A statement and its parameters.
pub struct RowStatement {
    pub(crate) sql: &'static str,
    pub(crate) parameters: Vec<Parameter>,
}

impl RowStatement {
    /// A statement without parameters yet.
    #[must_use]
    pub fn new(sql: &'static str) -> Self {
        Self {
            sql,
            parameters: Vec::new(),
        }
    }

    /// Appends a parameter: usually an array, for an `unnest`.
    #[must_use]
    pub fn with<T: ToSql + Sync + Send + 'static>(mut self, parameter: T) -> Self {
        self.parameters.push(Box::new(parameter));
        self
    }

    /// Runs the statement by itself, for rows without a command.
    ///
    /// # Errors
    /// When the database refuses it, fails or does not answer.
    pub async fn execute(&self, client: &impl GenericClient) -> Result<u64, tokio_postgres::Error> {
        let statement = client.prepare_cached(self.sql).await?;
        let parameters: Vec<&(dyn ToSql + Sync)> = self
            .parameters
            .iter()
            .map(|parameter| &**parameter as &(dyn ToSql + Sync))
            .collect();
        client.execute(&statement, &parameters).await
    }
}

/// [`Rows`] of any type, type-erased.
pub(crate) trait AnyRows: Any + Send + Sync {
    /// The statements for those rows of a batch that have this type.
    fn statements_of_type(&self, batch: &[(&dyn AnyRows, &Accepted)]) -> Vec<RowStatement>;
}

impl<R: Rows> AnyRows for R {
    fn statements_of_type(&self, batch: &[(&dyn AnyRows, &Accepted)]) -> Vec<RowStatement> {
        let of_type: Vec<(&R, &Accepted)> = batch
            .iter()
            .filter_map(|(rows, accepted)| {
                let rows: &dyn Any = *rows;
                Some((rows.downcast_ref()?, *accepted))
            })
            .collect();
        R::statements(&of_type)
    }
}

/// The statements for the rows of a batch: accepted commands only, without replays.
pub(crate) fn statements<'a>(
    batch: impl Iterator<Item = (Option<&'a dyn AnyRows>, &'a Verdict)>,
) -> Vec<RowStatement> {
    let to_write: Vec<(&dyn AnyRows, &Accepted)> = batch
        .filter_map(|(rows, verdict)| {
            let accepted = verdict.as_ref().ok()?;
            Some((rows?, accepted)).filter(|_| !accepted.is_replayed())
        })
        .collect();
    let mut types = Vec::new();
    let mut statements = Vec::new();
    for (rows, _) in &to_write {
        let of: TypeId = (*rows as &dyn Any).type_id();
        if !types.contains(&of) {
            types.push(of);
            statements.extend(rows.statements_of_type(&to_write));
        }
    }
    statements
}
