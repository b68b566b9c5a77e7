//! End to end on real firmware, and the demo.
