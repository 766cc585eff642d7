package import LLMProbe

/// A server that is to be asked: from the settings, from a container, or at a port of this machine.
package struct ServerTarget: Sendable, Equatable {
    package enum Origin: String, Sendable {
        case configuration, container, port
    }

    /// As the label `server` has it.
    package var name: String
    package var address: ServerAddress
    /// nil where its answers shall tell.
    package var kind: String?
    package var origin = Origin.configuration
    /// The container that it is in; empty for none that is known.
    package var container = ""
    /// Its number with the engine, where it was found so.
    package var containerID = ""
    /// Whether it may be asked to generate something, and which model; nil for the first that is loaded.
    package var isProbed = false
    package var probedModel: String?
    /// How it is asked then; nil for as its kind is.
    package var dialect: ProbeDialect?

    package init(name: String, address: ServerAddress, kind: String? = nil) {
        (self.name, self.address, self.kind) = (name, address, kind)
    }

    /// Whether both are the same place, asked in the same way.
    func isSamePlace(as other: ServerTarget) -> Bool { name == other.name && address == other.address && kind == other.kind }
}
