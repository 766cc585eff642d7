/// How a provider may be asked.
package struct LinkSettings: Sendable, Hashable {
    /// Calls a second, of all methods but TaskStatus, which asks no hypervisor.
    package var callsPerSecond = 10.0
    package var burst = 20.0
    /// Calls that may be out at a time, so that one provider that hangs does not hold all who work.
    package var callsInFlight = 16
    /// How often all its machines are listed.
    package var listSeconds = 15.0

    package init() {}
}
