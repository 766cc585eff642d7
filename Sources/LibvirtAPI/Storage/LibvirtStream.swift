import LibvirtShim
import Primitives

/// Bytes on their way into a volume, or out of one. What is not finished is aborted when the last reference is gone.
package final class LibvirtStream {
    /// A reference of our own. A stream is used by one thread at a time: its caller's.
    private let handle: OpaquePointer
    private let connection: LibvirtConnection
    private var isOpen = true

    /// Larger pieces go in several messages, and no message of libvirt's is larger.
    package static let pieceBytes = 256 << 10

    fileprivate init(_ connection: LibvirtConnection, _ begin: (OpaquePointer) -> Int32) throws(LibvirtError) {
        guard let stream = mlt_virt_stream_new(connection.library.doors, connection.handle, 0) else {
            throw LibvirtError.last(connection.library)
        }
        guard begin(stream) == 0 else {
            let error = LibvirtError.last(connection.library)
            _ = mlt_virt_stream_free(connection.library.doors, stream)
            throw error
        }
        handle = stream
        self.connection = connection
    }

    deinit {
        guard isOpen else {
            _ = mlt_virt_stream_free(connection.library.doors, handle)
            return
        }
        // Aborting waits for the daemon's answer, and whoever held the last reference may be a thread that must not wait.
        let (connection, handle) = (connection, UInt(bitPattern: handle))
        let abort: @Sendable () -> Void = {
            guard let handle = OpaquePointer(bitPattern: handle) else { return }
            _ = mlt_virt_stream_abort(connection.library.doors, handle)
            _ = mlt_virt_stream_free(connection.library.doors, handle)
        }
        do { try Thread.start("libvirt-abort", abort) } catch { abort() }
    }

    /// Ends it unfinished. What was sent may be in the volume.
    package func abort() {
        guard isOpen else { return }
        isOpen = false
        _ = mlt_virt_stream_abort(connection.library.doors, handle)
    }

    /// Sends all of the bytes; blocks while the other side is slower.
    package func send(_ bytes: [UInt8]) throws(LibvirtError) {
        var sent = 0
        while sent < bytes.count {
            try connection.checkWanted()
            let count = bytes.withUnsafeBytes { all -> Int32 in
                let piece = UnsafeRawBufferPointer(rebasing: all[sent...].prefix(Self.pieceBytes))
                return mlt_virt_stream_send(
                    connection.library.doors, handle, piece.baseAddress?.assumingMemoryBound(to: CChar.self), piece.count)
            }
            try connection.check(count)
            guard count > 0 else { throw LibvirtError(.failed, "libvirt takes no more bytes") }
            sent += Int(count)
        }
    }

    /// The next bytes; none at the end.
    package func receive(atMost limit: Int = pieceBytes) throws(LibvirtError) -> [UInt8] {
        try connection.checkWanted()
        var count: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: max(1, limit)) { buffer, filled in
            let start = UnsafeMutableRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self)
            count = mlt_virt_stream_recv(connection.library.doors, handle, start, buffer.count)
            filled = max(0, Int(count))
        }
        try connection.check(count)
        return bytes
    }

    /// Says that all was sent, or received, and learns whether the other side could keep it.
    package func finish() throws(LibvirtError) {
        try connection.checkWanted()
        isOpen = false
        try connection.check(mlt_virt_stream_finish(connection.library.doors, handle))
    }
}

extension LibvirtVolume {
    /// Begins to write bytes of the file itself, whatever its format, from its beginning.
    ///
    /// - Parameter length: how many at most.
    package func upload(length: UInt64) throws(LibvirtError) -> LibvirtStream {
        try connection.checkWanted()
        return try LibvirtStream(connection) { mlt_virt_storage_vol_upload(doors, handle, $0, 0, length, 0) }
    }

    /// Begins to read bytes of the file itself, whatever its format.
    ///
    /// - Parameter length: how many at most; 0 for all.
    package func download(offset: UInt64 = 0, length: UInt64 = 0) throws(LibvirtError) -> LibvirtStream {
        try LibvirtStream(connection) { mlt_virt_storage_vol_download(doors, handle, $0, offset, length, 0) }
    }
}
