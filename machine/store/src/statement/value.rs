//! A value of a column, in the four types that both databases store as they are. A text never holds a
//! NUL, which PostgreSQL refuses and SQLite would keep.

use std::net::{IpAddr, SocketAddr};

use machine_core::disk::DiskIdentity;
use machine_core::hardware::{Arch, Firmware, MacAddress};
use machine_core::id::{AttemptId, BootId, ClusterId, IntentId, MachineId, OperationId};
use machine_core::intent::Actor;
use machine_core::network::{ClientKey, SubnetName};
use machine_core::time::Timestamp;
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A value of a column.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    Boolean(Option<bool>),
    Bytes(Option<Vec<u8>>),
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Text(text) => text.as_ref().map(|it| ValueRef::Text(it.as_bytes())),
            Self::Integer(number) => number.map(ValueRef::Integer),
            Self::Boolean(truth) => truth.map(|it| ValueRef::Integer(i64::from(it))),
            Self::Bytes(bytes) => bytes.as_ref().map(|it| ValueRef::Blob(it)),
        };
        Ok(ToSqlOutput::Borrowed(value.unwrap_or(ValueRef::Null)))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(|text| {
            if text.contains('\0') {
                text.replace('\0', "\u{fffd}")
            } else {
                text
            }
        }))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Some(text).into()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        text.map(str::to_owned).into()
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        i64::from(number).into()
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Integer(number)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        at.as_millis().into()
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(at: Option<Timestamp>) -> Self {
        at.map(Timestamp::as_millis).into()
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Boolean(Some(truth))
    }
}

impl From<Option<bool>> for Value {
    fn from(truth: Option<bool>) -> Self {
        Self::Boolean(truth)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Some(bytes))
    }
}

impl From<Option<Vec<u8>>> for Value {
    fn from(bytes: Option<Vec<u8>>) -> Self {
        Self::Bytes(bytes)
    }
}

macro_rules! texts {
    ($($name:ty),* $(,)?) => {$(
        impl From<&$name> for Value {
            fn from(value: &$name) -> Self {
                value.to_string().into()
            }
        }

        impl From<Option<&$name>> for Value {
            fn from(value: Option<&$name>) -> Self {
                value.map(ToString::to_string).into()
            }
        }
    )*};
}

// What prints in full and is read back by `FromStr`.
texts!(
    MachineId,
    ClusterId,
    BootId,
    AttemptId,
    IntentId,
    OperationId,
    MacAddress,
    DiskIdentity,
    Arch,
    Firmware,
    Actor,
    ClientKey,
    SubnetName,
    IpAddr,
    SocketAddr,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_never_reaches_a_database() {
        assert!(matches!(Value::from("a\0b"), Value::Text(Some(text)) if text == "a\u{fffd}b"));
    }
}
