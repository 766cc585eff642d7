/// The release of Proxmox VE that a simulated cluster runs.
package enum Release: String, Sendable, CaseIterable {
    case v84 = "8.4"
    case v92 = "9.2"

    /// What is simulated unless something else is asked for.
    package static let current = Release.v92

    /// Of the management package.
    var version: String {
        switch self {
        case .v84: "8.4.1"
        case .v92: "9.2.11"
        }
    }

    /// The one before it, which a node has that nobody has updated.
    var older: (version: String, repository: String) {
        switch self {
        case .v84: ("8.4.0", "ec58e45e1bcdf2ac")
        case .v92: ("9.2.9", "9d1b8b6d2f0a47c1")
        }
    }

    /// What the management package was built from.
    var repository: String {
        switch self {
        case .v84: "2a5fa54a8503f96d"
        case .v92: "14a22df35955d97d"
        }
    }

    /// What `uname -r` prints.
    var kernel: String {
        switch self {
        case .v84: "6.8.12-9-pve"
        case .v92: "6.17.2-1-pve"
        }
    }

    /// What `uname -v` prints.
    var kernelVersion: String {
        switch self {
        case .v84: "#1 SMP PREEMPT_DYNAMIC PMX 6.8.12-9 (2025-03-16T19:18Z)"
        case .v92: "#1 SMP PREEMPT_DYNAMIC PMX 6.17.2-1 (2026-08-21T11:57Z)"
        }
    }

    /// Of the package that runs virtual machines.
    var emulator: String {
        switch self {
        case .v84: "9.2.0"
        case .v92: "10.1.2"
        }
    }

    /// The machine that a running VM sees.
    var machine: String {
        switch self {
        case .v84: "pc-i440fx-9.2+pve1"
        case .v92: "pc-i440fx-10.1+pve0"
        }
    }

    /// Since 9.0 pressure, the weight of a VM on its host, and memory that is available are told.
    var tellsPressure: Bool { self == .v92 }
}
