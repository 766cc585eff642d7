import Glibc
import LibvirtShim
package import Primitives
import Synchronization

/// libvirt's library, loaded into this process. It stays until the process ends, with one thread that runs its events and keeps connections alive.
///
/// Shared, as the library lets any thread use a handle, and nothing here changes after it was made.
package final class LibvirtLibrary: @unchecked Sendable {
    /// Never freed, never changed, and its doors may be called from any thread.
    let doors: OpaquePointer
    /// What the library calls its own version: 9.0.0 is 9000000.
    package let version: UInt

    private static let loaded = Mutex<[String: LibvirtLibrary]>([:])

    /// The library at a path, loaded once however often it is asked for.
    ///
    /// - Parameter path: nil for `libvirt.so.0`.
    /// - Throws: `unavailable` when there is none, which says what to install; `environment` when there is one that cannot be loaded.
    package static func load(path: String? = nil) throws(Failure) -> LibvirtLibrary {
        try loaded.withLock { loaded throws(Failure) in
            let name = path ?? "libvirt.so.0"
            if let library = loaded[name] { return library }
            let library = try LibvirtLibrary(path: path)
            loaded[name] = library
            return library
        }
    }

    /// Why the library at a path could not be loaded, as `load` would throw it; nil where it could.
    ///
    /// Starts no thread, so a program may ask before it has said which thread signals go to.
    package static func obstacle(path: String? = nil) -> Failure? {
        do throws(Failure) {
            // A table of doors stays, as the library does.
            _ = try open(path)
            return nil
        } catch {
            return error
        }
    }

    private static func open(_ path: String?) throws(Failure) -> OpaquePointer {
        var reason = [CChar](repeating: 0, count: 512)
        let opened = reason.withUnsafeMutableBufferPointer { mlt_virt_open_library(path, $0.baseAddress, $0.count) }
        guard let opened else {
            let text = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw failure(path, text)
        }
        return opened
    }

    private init(path: String?) throws(Failure) {
        let opened = try Self.open(path)
        doors = opened
        var version: UInt = 0
        self.version = mlt_virt_get_version(opened, &version, nil, nil) == 0 ? version : 0
        if mlt_virt_event_register_default_impl(opened) == 0 {
            try Thread.start("libvirt-events") { [self] in runEvents() }
        }
    }

    private static func failure(_ path: String?, _ reason: String) -> Failure {
        let name = path ?? "libvirt.so.0"
        let isThere = name.contains("/") ? Files.exists(name) : !reason.hasPrefix("\(name): cannot open shared object file: No such file")
        guard !isThere else { return Failure(.environment, "libvirt's library cannot be used: \(reason)") }
        return Failure(.unavailable, "there is no \(name) here: install libvirt's client library (Debian: apt install libvirt0)")
    }

    /// Whether the library has a call, by its symbol: `virDomainGetGuestInfo`.
    package func has(_ symbol: String) -> Bool { mlt_virt_has(doors, symbol) != 0 }

    /// Without it no connection would notice that its daemon is gone, and no event would arrive.
    private func runEvents() {
        while true {
            // It waits in the kernel. Should it fail, it would fail again at once.
            if mlt_virt_event_run_default_impl(doors) != 0 { usleep(100_000) }
        }
    }
}
