//! The shop's database: orders, and refunds under their keys.
//!
//! Promises: key, order and what is left are read and the refund written in one immediate transaction, durable
//! before it is answered; amounts are minor units.
//! Never: changes or forgets a refund.

use std::path::Path;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Row as _, SqliteConnection, SqlitePool};

use crate::core::base::{Fault, Owner};

/// One refund that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    pub order: String,
    /// Decimal text: `20.00`.
    pub amount: String,
    /// The idempotency key it was asked for under.
    pub key: String,
}

/// One order as the API tells it; amounts in minor units.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) order: String,
    pub(super) customer: String,
    pub(super) item: String,
    pub(super) status: String,
    pub(super) total: i64,
    pub(super) refunded: i64,
    pub(super) currency: String,
}

/// What became of a wish for a refund.
#[derive(Debug)]
pub(super) enum Refunded {
    /// The refund's number, and the order as it stands now.
    Made(i64, Order),
    /// Under this key it was made before.
    Before(i64, Order),
    NoSuchOrder,
    TooMuch {
        left: i64,
        currency: String,
    },
    /// The key belongs to another refund.
    OtherKey,
}

#[derive(Clone, Debug)]
pub(super) struct Ledger(SqlitePool);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS shop_order (
        id TEXT PRIMARY KEY, customer TEXT NOT NULL, item TEXT NOT NULL, status TEXT NOT NULL,
        total BIGINT NOT NULL, currency TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS refund (
        place INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,
        order_id TEXT NOT NULL REFERENCES shop_order (id), amount BIGINT NOT NULL CHECK (amount > 0));
";

/// Number, customer, item, status, total in minor units, currency.
const ORDERS: &[(&str, &str, &str, &str, i64, &str)] = &[
    ("1182", "Ada Lindgren", "a walnut desk lamp", "delivered", 4_500, "USD"),
    ("1183", "Ben Okafor", "a brass wall light", "shipped", 2_800, "USD"),
    ("2207", "Grace Park", "a paper floor lamp", "being prepared", 6_250, "USD"),
    ("0042", "Tom Reyes", "a box of four bulbs", "delivered", 3_200, "USD"),
    ("3519", "Ines Moreau", "a green reading lamp", "delivered", 8_900, "USD"),
    ("6604", "Noah Weiss", "a pair of bedside lamps", "delivered", 12_400, "USD"),
    ("7318", "Mina Sato", "a glass lampshade", "shipped", 3_950, "USD"),
    ("8095", "Omar Haddad", "a string of garden lights", "delivered", 5_600, "USD"),
    ("9476", "Julia Novak", "a round ceiling light", "being prepared", 9_750, "USD"),
    ("4071", "Lucía Fernández", "una lámpara de mesa", "delivered", 4_500, "EUR"),
    ("4072", "Mateo Ruiz", "un aplique de latón", "shipped", 2_800, "EUR"),
    ("5310", "Carmen Ortega", "una caja de cuatro bombillas", "being prepared", 3_250, "EUR"),
];

/// An order as its customer knows it.
#[derive(Clone, Copy, Debug)]
pub(in crate::demo) struct Sold {
    /// Four digits.
    pub(in crate::demo) id: &'static str,
    pub(in crate::demo) customer: &'static str,
    /// Minor units.
    pub(in crate::demo) total: i64,
}

/// What a new shop has sold in a currency.
pub(in crate::demo) fn sold(currency: &str) -> impl Iterator<Item = Sold> {
    let ours = ORDERS.iter().filter(move |order| order.5 == currency);
    ours.map(|(id, customer, _, _, total, _)| Sold { id, customer, total: *total })
}

const ORDER: &str = "
    SELECT id, customer, item, status, total, currency,
        (SELECT COALESCE(SUM(amount), 0) FROM refund WHERE order_id = shop_order.id) AS refunded
    FROM shop_order WHERE id = $1";

impl Ledger {
    pub(super) async fn open(path: &Path) -> Result<Ledger, Fault> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePoolOptions::new().connect_with(options).await.map_err(broken)?;
        let ledger = Ledger(pool);
        ledger.furnish().await.map_err(broken)?;
        Ok(ledger)
    }

    pub(super) async fn order(&self, id: &str) -> Result<Option<Order>, Fault> {
        let mut connection = self.0.acquire().await.map_err(broken)?;
        order(&mut connection, id).await.map_err(broken)
    }

    pub(super) async fn refund(&self, id: &str, amount: i64, key: &str) -> Result<Refunded, Fault> {
        self.try_refund(id, amount, key).await.map_err(broken)
    }

    pub(super) async fn refunds(&self) -> Result<Vec<Refund>, Fault> {
        let rows = sqlx::query("SELECT order_id, amount, key FROM refund ORDER BY place");
        let rows = rows.fetch_all(&self.0).await.map_err(broken)?;
        let refund = |row: &SqliteRow| -> sqlx::Result<Refund> {
            Ok(Refund { order: row.try_get(0)?, amount: decimal(row.try_get(1)?), key: row.try_get(2)? })
        };
        rows.iter().map(refund).collect::<sqlx::Result<_>>().map_err(broken)
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }

    async fn furnish(&self) -> sqlx::Result<()> {
        let mut tx = self.0.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(TABLES).execute(&mut *tx).await?;
        for (id, customer, item, status, total, currency) in ORDERS {
            let insert = "INSERT INTO shop_order VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
            let insert = sqlx::query(insert).bind(id).bind(customer).bind(item).bind(status);
            insert.bind(total).bind(currency).execute(&mut *tx).await?;
        }
        tx.commit().await
    }

    async fn try_refund(&self, id: &str, amount: i64, key: &str) -> sqlx::Result<Refunded> {
        let mut tx = self.0.begin_with("BEGIN IMMEDIATE").await?;
        let before = sqlx::query("SELECT place, order_id, amount FROM refund WHERE key = $1").bind(key);
        let before = before.fetch_optional(&mut *tx).await?;
        let Some(found) = order(&mut tx, id).await? else { return Ok(Refunded::NoSuchOrder) };
        if let Some(row) = before {
            let same = row.try_get::<String, _>(1)? == id && row.try_get::<i64, _>(2)? == amount;
            return Ok(if same { Refunded::Before(row.try_get(0)?, found) } else { Refunded::OtherKey });
        }
        let left = found.total - found.refunded;
        if amount > left {
            return Ok(Refunded::TooMuch { left, currency: found.currency });
        }
        let insert = "INSERT INTO refund (key, order_id, amount) VALUES ($1, $2, $3)";
        let made = sqlx::query(insert).bind(key).bind(id).bind(amount).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(Refunded::Made(made.last_insert_rowid(), Order { refunded: found.refunded + amount, ..found }))
    }
}

async fn order(connection: &mut SqliteConnection, id: &str) -> sqlx::Result<Option<Order>> {
    let row = sqlx::query(ORDER).bind(id).fetch_optional(connection).await?;
    let order = |row: SqliteRow| -> sqlx::Result<Order> {
        Ok(Order {
            order: row.try_get("id")?,
            customer: row.try_get("customer")?,
            item: row.try_get("item")?,
            status: row.try_get("status")?,
            total: row.try_get("total")?,
            refunded: row.try_get("refunded")?,
            currency: row.try_get("currency")?,
        })
    };
    row.map(order).transpose()
}

/// Minor units as decimal text, of a currency with two decimals as all of the shop's are.
pub(in crate::demo) fn decimal(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// Decimal text with at most two decimals, above zero, as minor units; no sign, exponent or grouping.
pub(super) fn minor(text: &str) -> Option<i64> {
    let (units, rest) = text.split_once('.').unwrap_or((text, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !plain(units) || !plain(rest) || rest.len() > 2 {
        return None;
    }
    let cents: i64 = format!("{rest:0<2}").parse().ok()?;
    let minor = units.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents)?;
    (minor > 0).then_some(minor)
}

fn broken(error: sqlx::Error) -> Fault {
    Fault::new(
        Owner::Admin,
        format!("the shop's database failed: {error}"),
        "give it a path that can be written, or delete the file to start anew",
    )
}
