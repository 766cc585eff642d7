import ProviderHosting

/// The kinds of providers that the program has.
enum ProviderKinds {
    static let all: [any ProviderKind.Type] = [LibvirtKind.self, SimulatedKind.self]
}
