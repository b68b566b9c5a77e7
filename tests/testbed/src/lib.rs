//! The lab: namespaces, machines with real firmware and BMCs, the simulator.
