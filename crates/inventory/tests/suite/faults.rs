//! Faults injected while two replicas work.

use std::sync::atomic::Ordering;
use std::time::Duration;

use deadpool_redis::redis::cmd;
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use test_stack::{Proxy, wait_until};

use crate::audit::redis;
use crate::caller::World;
use crate::support::Bench;

/// A fault; a replica is given by its index.
#[derive(Clone, Copy, Debug)]
enum Mishap {
    /// The network between a replica and PostgreSQL is cut for a moment.
    Cut(usize),
    /// PostgreSQL terminates all sessions.
    EndSessions,
    /// A commit is durable, but its answer is lost.
    LoseCommit(usize),
    /// PostgreSQL's answers are delayed.
    Delay(usize),
    /// Redis loses all keys.
    FlushRedis,
    /// Redis is down for some time, and empty when it is back.
    KillRedis,
}

const MISHAPS: [Mishap; 12] = [
    Mishap::Cut(0),
    Mishap::Cut(1),
    Mishap::EndSessions,
    Mishap::LoseCommit(0),
    Mishap::LoseCommit(0),
    Mishap::LoseCommit(1),
    Mishap::LoseCommit(1),
    Mishap::Delay(0),
    Mishap::Delay(1),
    Mishap::FlushRedis,
    Mishap::FlushRedis,
    Mishap::KillRedis,
];

/// The system under test.
pub struct Stage<'a> {
    pub bench: &'a Bench,
    pub world: &'a World,
    /// One in front of PostgreSQL for each replica.
    pub proxies: &'a [Proxy; 2],
    pub redis: &'a mut local_servers::redis::Server,
}

impl Stage<'_> {
    /// Injects all faults in random order, each after some more answers.
    pub async fn run(&mut self, mut chance: StdRng) -> anyhow::Result<()> {
        let mut mishaps = MISHAPS;
        mishaps.shuffle(&mut chance);
        for mishap in mishaps {
            self.more_answers(chance.random_range(10..120)).await?;
            eprintln!("{mishap:?}");
            self.befall(mishap).await?;
        }
        self.more_answers(100).await
    }

    async fn befall(&mut self, mishap: Mishap) -> anyhow::Result<()> {
        match mishap {
            Mishap::Cut(replica) => {
                let cut = self.proxies[replica].cut();
                anyhow::ensure!(cut > 0, "nothing was connected");
            }
            Mishap::EndSessions => {
                let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                           WHERE datname = current_database() AND pid <> pg_backend_pid()";
                self.bench.sql().await?.query_one(end, &[]).await?;
            }
            Mishap::LoseCommit(replica) => {
                let proxy = &self.proxies[replica];
                let before = proxy.commits_lost();
                proxy.lose_next_commit();
                proxy.lost(before + 1).await?;
            }
            Mishap::Delay(replica) => {
                self.proxies[replica].delay(Duration::from_millis(20));
                self.more_answers(50).await?;
                self.proxies[replica].delay(Duration::ZERO);
            }
            Mishap::FlushRedis => {
                let mut redis = redis(self.bench).await?;
                cmd("FLUSHALL").exec_async(&mut redis).await?;
            }
            Mishap::KillRedis => {
                self.redis.kill().await?;
                self.more_answers(200).await?;
                self.redis.restart().await?;
            }
        }
        Ok(())
    }

    /// Waits until `count` more commands were answered.
    async fn more_answers(&self, count: usize) -> anyhow::Result<()> {
        let answers = || self.world.answers.load(Ordering::SeqCst);
        let enough = answers() + count;
        let within = Duration::from_secs(30);
        wait_until("commands are answered", within, async || {
            answers() >= enough
        })
        .await
    }
}
