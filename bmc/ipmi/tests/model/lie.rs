//! What the model does that an honest BMC would not.

/// What the BMC does that an honest one would not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Lie {
    #[default]
    None,
    /// Says that it speaks IPMI 1.5 only.
    Ipmi15Only,
    /// Chooses these algorithms, whatever it is asked.
    Chooses([u8; 3]),
    /// Puts a wrong code into RAKP-2.
    WrongRakp2,
    /// Puts a code that is cut to the length of a check into RAKP-2.
    ShortRakp2,
    /// Puts a byte too many behind the code in RAKP-2.
    LongRakp2,
    /// Puts a wrong code into RAKP-4.
    WrongRakp4,
    /// Answers this payload type with this status.
    Status(u8, u8),
    /// Answers this payload type with this status, once.
    StatusOnce(u8, u8),
    /// Does not answer an Open Session Request for a suite that it does not know.
    SilentOnUnknownSuite,
    /// Ends the next so many commands with this code.
    Completes(u8, u8),
    /// Answers commands without encryption.
    Plain,
    /// Says of the next so many Chassis Control commands that they are done, and does nothing.
    IgnoresControl(u8),
    /// Forgets the boot device.
    DropsDevice,
    /// Forgets the boot device when it is set with the EFI flag.
    DropsDeviceWithEfi,
    /// Forgets the boot device unless the parameters are being written (parameter 0).
    DropsDeviceUnlessInProgress,
}
