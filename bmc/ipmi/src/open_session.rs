//! Open Session Request and Response (§13.17, §13.18), without tag and status.

use crate::cipher::CipherSuite;
use crate::privilege::Privilege;
use crate::reader::Reader;

/// Table 13-9. Without a `privilege` the BMC picks the highest that goes with the suite, and RAKP-1
/// says which one is wanted.
pub(crate) fn request(
    console_id: u32,
    suite: CipherSuite,
    privilege: Option<Privilege>,
) -> Vec<u8> {
    const HIGHEST: u8 = 0;
    let privilege = privilege.map_or(HIGHEST, Privilege::level);
    let [authentication, integrity, confidentiality] = suite.algorithms();
    let algorithm = |kind: u8, number: u8| [kind, 0, 0, 8, number, 0, 0, 0];
    [
        &[privilege, 0, 0][..],
        &console_id.to_le_bytes(),
        &algorithm(0, authentication),
        &algorithm(1, integrity),
        &algorithm(2, confidentiality),
    ]
    .concat()
}

/// Table 13-10.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Response {
    pub(crate) console_id: u32,
    pub(crate) bmc_id: u32,
    /// Authentication, integrity, confidentiality.
    pub(crate) algorithms: [u8; 3],
}

impl Response {
    pub(crate) fn read(mut reader: Reader<'_>) -> Option<Self> {
        let [_privilege, _reserved] = reader.take()?;
        Some(Self {
            console_id: u32::from_le_bytes(reader.take()?),
            bmc_id: u32::from_le_bytes(reader.take()?),
            algorithms: read_algorithms(reader)?,
        })
    }
}

fn read_algorithms(mut reader: Reader<'_>) -> Option<[u8; 3]> {
    let mut chosen = [0; 3];
    for (kind, slot) in (0_u8..).zip(&mut chosen) {
        let [said, _, _, _, algorithm, _, _, _] = reader.take()?;
        if said != kind {
            return None;
        }
        *slot = algorithm & 0x3f;
    }
    Some(chosen)
}
