//! The program: settings, wiring, the reconcile loop.
