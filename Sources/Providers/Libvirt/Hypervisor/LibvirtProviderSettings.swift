package import Primitives

/// What the provider must be told.
package struct LibvirtProviderSettings: Sendable {
    /// `qemu:///system`, `qemu+tls://host/system`, `qemu+ssh://user@host/system`.
    package var uri: String
    /// Of libvirt's client library; nil for the system's.
    package var library: String?
    /// For transports that ask for them (SASL).
    package var user: String?
    package var password: Secret?
    /// Where volumes are made that no request says a pool for.
    package var pool = "default"
    /// The network of cards that no request says a network for.
    package var network = "default"
    /// Where QEMU's VNC server listens; nil for machines without a screen.
    package var vncListen: String? = "127.0.0.1"
    /// `q35`, `pc`; nil lets the host's capabilities decide.
    package var machine: String?
    /// `kvm` or `qemu`; nil lets the host's capabilities decide.
    package var domainType: String?
    /// A folder, absolute and without a slash at its end, through which disks go out and come in; nil to exchange none.
    package var exchangeFolder: String?
    /// A file of authorities for https downloads of images; nil for the system's.
    package var authorityFile: String?
    /// The largest image that is brought, in bytes of its file: beyond what images of systems have, and below what fills a pool by mistake.
    package var imageLimitBytes: UInt64 = 64 << 30
    /// Addresses, networks (`10.0.0.0/8`) and names of hosts that images may be fetched from beside public addresses.
    package var imageSources: [String] = []
    /// Pools whose volumes may be images although nobody brought them: what somebody else has put there. Of other pools only images are used that this
    /// provider brought.
    package var imagePools: [String] = []
    /// Bridges of the host that requests may attach cards to.
    package var bridges: [String] = []
    /// How addresses of cards must begin that requests say, as `52:54:00`, which is QEMU's.
    package var macPrefixes = ["52:54:00"]
    /// How often a guest's balloon tells figures of its memory.
    package var statsPeriodSeconds = 10
    /// How long Describe waits for a guest's agent.
    package var agentSeconds = 2.0
    /// For how long a daemon may still be about what a provider that was killed has asked it for.
    package var lateSeconds = 30.0
    /// How long a guest may take to end by itself when the request does not say.
    package var gracefulSeconds = 60.0

    package init(uri: String) { self.uri = uri }

    /// With ssh asking nobody: there is no terminal.
    var connectURI: String {
        guard uri.split(separator: ":").first?.hasSuffix("+ssh") == true, !uri.contains("no_tty=") else { return uri }
        return uri + (uri.contains("?") ? "&" : "?") + "no_tty=1"
    }
}
