package import Primitives
package import Settings

/// A kind of provider, as the program knows it: how it is called, what may be set, how it is made. The program has a list of them.
package protocol ProviderKind: Sendable {
    /// The word of the command line, the section of the settings, and the value of the label `provider_type`.
    static var name: String { get }
    /// A sentence for the command's help, without a full stop: `Machines of …`.
    static var summary: String { get }
    /// What may be set in its section.
    static var keys: [SettingsKey] { get }
    /// Where its HTTP port is when nobody says: HOST:PORT, another one for each kind, so that several run on a machine.
    static var standardAddress: String { get }

    /// Makes the provider and goes on with what its journal has unfinished. Its hypervisor need not be reachable.
    ///
    /// - Parameter section: of the settings, the kind's own.
    ///
    /// Errors: settings that cannot be used, a journal that cannot be read, a library that is not there.
    static func make(_ section: SettingsTree, _ surroundings: ProviderSurroundings) async throws(Failure) -> HostedProvider
}
