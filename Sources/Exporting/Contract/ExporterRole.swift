/// What an exporter is there for, which decides what it collects where nobody says.
package enum ExporterRole: String, Sendable, CaseIterable {
    /// What there is: clusters that are configured, and what this machine has.
    case auto
    /// One for the estate: what is asked for over the network.
    case central
    /// One for each host: what the machine itself knows.
    case host
    /// One for each machine with GPUs: its cards, and who uses them.
    case gpu
}
