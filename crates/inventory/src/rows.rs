//! Rows that in-process callers add to the transactions of their commands, so that a sale and what it
//! belongs to are there together or not at all.
//!
//! Callers say what is to be written, and the committer writes it: rows of one type that come with the
//! commands of one batch are asked for their statements together, so that a hundred sales are one
//! statement and not a hundred, sent with the inventory's own and the commit without waiting in between.

use std::any::{Any, TypeId};

use deadpool_postgres::GenericClient;
use tokio_postgres::types::ToSql;

use crate::verdict::{Accepted, Verdict};

/// A value to be sent.
pub(crate) type Parameter = Box<dyn ToSql + Sync + Send>;

/// What is added if a command is accepted.
///
/// It is written once: a command on a hold or an adjustment that is repeated finds it there. Commands on
/// pools have no ids, and may be run again after a commit whose answer was lost: their rows have to be
/// such that writing them twice is the same as once. Where writing fails on the data, the command fails
/// with it, alone.
pub trait Rows: Send + Sync + Sized + 'static {
    /// The statements that write the rows of these accepted commands, in the order of the commands and
    /// at least one; they run in this order, after the inventory's own. No statement may depend on
    /// another's answer.
    fn statements(batch: &[(&Self, &Accepted)]) -> Vec<RowStatement>;
}

/// A statement and its parameters.
pub struct RowStatement {
    pub(crate) sql: &'static str,
    pub(crate) parameters: Vec<Parameter>,
}

impl RowStatement {
    /// This statement, without parameters so far.
    #[must_use]
    pub fn new(sql: &'static str) -> Self {
        Self {
            sql,
            parameters: Vec::new(),
        }
    }

    /// With its next parameter: most often a column, for an `unnest`.
    #[must_use]
    pub fn with<T: ToSql + Sync + Send + 'static>(mut self, parameter: T) -> Self {
        self.parameters.push(Box::new(parameter));
        self
    }

    /// Runs it by itself, for rows that come without a command.
    ///
    /// # Errors
    /// When the database does not answer, or refuses.
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

/// [`Rows`] of any type.
pub(crate) trait AnyRows: Any + Send + Sync {
    /// The statements for those of a batch that are of this type.
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

/// The statements for the rows of a batch: those of accepted commands, unless they were written before.
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
