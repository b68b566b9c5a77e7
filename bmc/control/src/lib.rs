//! Power and boot order of a machine, through its BMC.
