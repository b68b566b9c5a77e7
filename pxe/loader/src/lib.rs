//! Bootloaders as a catalogue: which firmware gets which file, and which script.
