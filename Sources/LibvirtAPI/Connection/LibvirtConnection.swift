import Glibc
import LibvirtShim
package import Primitives
import Synchronization

/// A connection to a hypervisor's daemon. All its methods block until that has answered, which may be never: call them on a `LibvirtThread`.
///
/// It is closed when the last reference to it, and to what was found through it, is gone.
///
/// Shared, as the library lets any thread use a handle, and nothing here changes after it was made.
package final class LibvirtConnection: @unchecked Sendable {
    /// libvirt takes calls of many threads on one connection. It is valid as long as this object.
    let handle: OpaquePointer
    package let library: LibvirtLibrary
    package let isReadOnly: Bool
    /// Numbers of callbacks; each holds a reference to the connection, which would not close.
    let listeners = Mutex<[Int32]>([])
    /// What it is used for now; nil where no `LibvirtThreads` hands it out.
    let errand = Mutex<Errand?>(nil)

    /// Who asks, where the URI's transport wants a user and a password (SASL over TLS or TCP). libvirt never asks a person.
    package struct Credentials: Sendable {
        package let user: String
        package let password: Secret

        package init(user: String, password: Secret) {
            self.user = user
            self.password = password
        }
    }

    /// How soon a connection whose daemon or network is gone breaks, and with it the calls that wait on it. A daemon that lives and does not answer a
    /// call is not noticed.
    package struct KeepAlive: Sendable {
        package let intervalSeconds: Int32
        package let count: UInt32

        package init(intervalSeconds: Int32 = 5, count: UInt32 = 5) {
            self.intervalSeconds = intervalSeconds
            self.count = count
        }
    }

    /// Opens a connection that may change things. Blocks.
    ///
    /// - Parameter uri: `qemu:///system`, `qemu+tls://host/system`; nil for libvirt's own choice.
    /// - Parameter keepAlive: nil to wait for ever. Drivers inside the process (`test:///default`) have no daemon, and take none.
    package static func open(
        _ uri: String?, library: LibvirtLibrary, credentials: Credentials? = nil, keepAlive: KeepAlive? = KeepAlive()
    ) throws(LibvirtError) -> LibvirtConnection {
        try LibvirtConnection(uri, library, isReadOnly: false, credentials, keepAlive)
    }

    /// Opens a connection that can only look. Blocks.
    package static func openReadOnly(
        _ uri: String?, library: LibvirtLibrary, credentials: Credentials? = nil, keepAlive: KeepAlive? = KeepAlive()
    ) throws(LibvirtError) -> LibvirtConnection {
        try LibvirtConnection(uri, library, isReadOnly: true, credentials, keepAlive)
    }

    private init(
        _ uri: String?, _ library: LibvirtLibrary, isReadOnly: Bool, _ credentials: Credentials?, _ keepAlive: KeepAlive?
    ) throws(LibvirtError) {
        let flags = isReadOnly ? VIR_CONNECT_RO.rawValue : 0
        let opened = mlt_virt_open(library.doors, uri, credentials?.user, credentials?.password.reveal(), flags)
        guard let opened else { throw LibvirtError.last(library) }
        handle = opened
        self.library = library
        self.isReadOnly = isReadOnly
        guard let keepAlive else { return }
        // What cannot be kept alive (1, or not supported) does not need it.
        _ = mlt_virt_connect_set_keep_alive(library.doors, handle, keepAlive.intervalSeconds, keepAlive.count)
    }

    deinit {
        // Closing says goodbye to the daemon and waits for its answer, and whoever held the last reference may be a thread that must not wait.
        let (doors, handle, listeners) = (UInt(bitPattern: library.doors), UInt(bitPattern: handle), listeners.withLock { $0 })
        let close: @Sendable () -> Void = {
            guard let doors = OpaquePointer(bitPattern: doors), let handle = OpaquePointer(bitPattern: handle) else { return }
            for listener in listeners { _ = mlt_virt_connect_domain_event_deregister_any(doors, handle, listener) }
            _ = mlt_virt_connect_close(doors, handle)
        }
        do { try Thread.start("libvirt-close", close) } catch { close() }
    }

    /// Whether the connection is open, as far as the library knows; false as soon as it has broken. Does not ask the daemon.
    package var isAlive: Bool { mlt_virt_connect_is_alive(library.doors, handle) == 1 }

    /// The URI that was connected to in the end.
    package func uri() throws(LibvirtError) -> String { try text(mlt_virt_connect_get_uri(library.doors, handle)) }

    /// The driver: `QEMU`, `TEST`.
    package func driver() throws(LibvirtError) -> String {
        guard let name = mlt_virt_connect_get_type(library.doors, handle) else { throw LibvirtError.last(library) }
        return String(cString: name)
    }

    /// The hypervisor's version: 7.2.22 is 7002022; 0 when it does not tell.
    package func hypervisorVersion() throws(LibvirtError) -> UInt {
        var version: UInt = 0
        try check(mlt_virt_connect_get_version(library.doors, handle, &version))
        return version
    }

    /// The daemon's version: 9.0.0 is 9000000.
    package func daemonVersion() throws(LibvirtError) -> UInt {
        var version: UInt = 0
        try check(mlt_virt_connect_get_lib_version(library.doors, handle, &version))
        return version
    }

    /// What the host calls itself.
    package func hostName() throws(LibvirtError) -> String { try text(mlt_virt_connect_get_hostname(library.doors, handle)) }

    /// XML: the host's CPU and memory, and which architectures and machines can be had.
    package func capabilities() throws(LibvirtError) -> String { try text(mlt_virt_connect_get_capabilities(library.doors, handle)) }

    /// XML: what a domain of this kind may have. `virConnectGetDomainCapabilities`.
    ///
    /// - Parameter type: `kvm`, `qemu`.
    package func domainCapabilities(
        emulator: String? = nil, architecture: String? = nil, machine: String? = nil, type: String? = nil
    ) throws(LibvirtError) -> String {
        try text(mlt_virt_connect_get_domain_capabilities(library.doors, handle, emulator, architecture, machine, type, 0))
    }

    /// What the host has.
    package struct NodeInfo: Sendable, Equatable {
        /// The architecture, `x86_64`.
        package let model: String
        package let memoryKiB: UInt
        package let activeCPUs: Int
        /// Expected frequency; nil when unknown.
        package let megahertz: Int?
        package let numaNodes: Int
        package let socketsPerNode: Int
        package let coresPerSocket: Int
        package let threadsPerCore: Int
    }

    package func nodeInfo() throws(LibvirtError) -> NodeInfo {
        var info = virNodeInfo()
        try check(mlt_virt_node_get_info(library.doors, handle, &info))
        let model = withUnsafeBytes(of: &info.model) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return NodeInfo(
            model: model, memoryKiB: info.memory, activeCPUs: Int(info.cpus), megahertz: info.mhz == 0 ? nil : Int(info.mhz),
            numaNodes: Int(info.nodes), socketsPerNode: Int(info.sockets), coresPerSocket: Int(info.cores),
            threadsPerCore: Int(info.threads))
    }

    // MARK: what every call needs

    /// Throws when a call answered with -1.
    func check(_ answer: Int32) throws(LibvirtError) {
        if answer < 0 { throw LibvirtError.last(library) }
    }

    /// A call that changes something, and is not made for nobody.
    func change(_ call: @autoclosure () -> Int32) throws(LibvirtError) {
        try checkWanted()
        try check(call())
    }

    /// Text that the library gave us to keep; it is freed here.
    func text(_ answer: UnsafeMutablePointer<CChar>?) throws(LibvirtError) -> String {
        guard let answer else { throw LibvirtError.last(library) }
        defer { free(answer) }
        return String(cString: answer)
    }

    /// An object's UUID, written by a call of libvirt's into a place of VIR_UUID_STRING_BUFLEN bytes.
    func uuid(_ write: (UnsafeMutablePointer<CChar>) -> Int32) throws(LibvirtError) -> String {
        let place = UnsafeMutablePointer<CChar>.allocate(capacity: Int(VIR_UUID_STRING_BUFLEN))
        defer { place.deallocate() }
        place.initialize(repeating: 0, count: Int(VIR_UUID_STRING_BUFLEN))
        try check(write(place))
        return String(cString: place)
    }

    /// The objects of a list that the library made: each is handed over with its reference, and the list itself is freed.
    func list<Object>(
        _ ask: (UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>) -> Int32,
        _ make: (OpaquePointer) throws(LibvirtError) -> Object
    ) throws(LibvirtError) -> [Object] {
        var list: UnsafeMutablePointer<OpaquePointer?>?
        let count = ask(&list)
        try check(count)
        guard let list else { return [] }
        defer { free(list) }
        var objects: [Object] = []
        objects.reserveCapacity(Int(count))
        for index in 0..<Int(count) { if let handle = list[index] { objects.append(try make(handle)) } }
        return objects
    }
}
