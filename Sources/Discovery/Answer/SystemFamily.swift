import ProxmoxAPI

/// Which kind of operating system a guest runs, as far as its configuration says.
enum SystemFamily: String, Sendable, CaseIterable {
    case windows
    case linux
    /// Solaris, BSD, or what nobody said.
    case other

    /// - Parameter systemType: `ostype` of the configuration: `win11`, `w2k8`, `l26`, of a container the distribution.
    init(_ kind: GuestKind, systemType: String?) {
        guard kind == .qemu else {
            self = .linux
            return
        }
        let type = systemType ?? ""
        self = type.hasPrefix("w") ? .windows : ["l24", "l26"].contains(type) ? .linux : .other
    }
}
