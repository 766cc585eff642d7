import LibvirtAPI
import Primitives
import ProviderRPC
import RPC

/// Images that first disks are made from: found in a pool, or brought there.
struct ImageStore: Sendable {
    /// An image that is whole.
    struct Image: Sendable, Equatable {
        let pool: String
        let name: String
        let path: String
        /// qcow2 or raw.
        let format: String
        /// What a guest sees.
        let capacityBytes: UInt64
    }

    let hypervisor: Hypervisor
    let locks: ImageLocks

    typealias Report = @Sendable (_ done: UInt64, _ total: UInt64?) async -> Void

    /// The image that a request means; one with a URL is brought first.
    ///
    /// Errors: `notFound`; `failedPrecondition` for another checksum or format than the request says; `unimplemented` for other hypervisors' images.
    func image(_ wanted: VMImage, pool: String, operation: String, report: @escaping Report) async throws(RPCError) -> Image {
        try Self.check(wanted)
        if wanted.url != nil {
            return try await prepare(wanted, pool: pool, name: Self.name(wanted, targetName: ""), operation: operation, report: report)
        }
        let image = try await find(wanted, pool: pool)
        guard let checksum = wanted.checksum, wanted.validatesChecksum else { return image }
        return try await locks.withLock("\(image.pool)/\(image.name)") { () throws(RPCError) in
            try await verify(image, checksum, source: "", report)
            return image
        }
    }

    /// Refuses at once what cannot be. Errors: `unimplemented`, `invalidArgument`.
    static func check(_ wanted: VMImage, mayBeFile: Bool = false) throws(RPCError) {
        if !wanted.otherSources.isEmpty, wanted.path == nil, wanted.url == nil, wanted.templateName == nil {
            throw RPCError(
                .unimplemented,
                "image: \(wanted.otherSources.joined(separator: ", ")) is of another kind of hypervisor; give a path, a volume's name or a URL"
            )
        }
        if wanted.otherSources.contains("http.authentication") {
            throw RPCError(
                .unimplemented,
                "image: http.authentication names a secret that only the manager can read; give headers, or a URL that wants none")
        }
        if !mayBeFile, let url = wanted.url, !["http://", "https://"].contains(where: url.lowercased().hasPrefix) {
            throw RPCError(.invalidArgument, "image: the URL \(ImageURL.shown(url)) is neither http nor https")
        }
        if let format = wanted.format?.lowercased(), !["qcow2", "raw"].contains(format) {
            throw RPCError(.unimplemented, "image: format \(format) is not taken; convert it to qcow2 (qemu-img convert -O qcow2)")
        }
    }

    /// What a volume is called that is made for an image.
    ///
    /// - Parameter targetName: empty to make a name of the URL, which then is another for another image.
    static func name(_ wanted: VMImage, targetName: String) -> String {
        guard targetName.isEmpty else { return Names.file(targetName) }
        let url = wanted.url ?? ""
        let last = ImageURL.shown(url).split(separator: "/").last.map(String.init) ?? "image"
        let stem = last.split(separator: ".").first.map(String.init) ?? last
        return "\(Names.file(stem))-\(Names.digest(url + "\n" + (wanted.checksum?.description ?? "")).prefix(12)).img"
    }

    // MARK: finding

    /// One that is there by its path, or its name.
    func find(_ wanted: VMImage, pool: String) async throws(RPCError) -> Image {
        guard let said = wanted.path ?? wanted.templateName else {
            throw RPCError(.invalidArgument, "image: names neither a path nor a volume nor a URL")
        }
        let pool = wanted.storage ?? pool
        let found: (image: Image?, record: ImageRecord?) = try await hypervisor.look("find the image \(said)", seconds: 60) {
            connection throws(LibvirtError) in
            guard let volume = try Self.volume(connection, said, pool: pool) else { return (nil, nil) }
            let view = try VolumeView(volume)
            let place = try volume.pool()
            let image = Image(
                pool: place.name, name: volume.name, path: view.path, format: view.format ?? "raw", capacityBytes: view.capacityBytes)
            return (image, try Self.record(place, volume.name))
        }
        guard let image = found.image else {
            let place = said.hasPrefix("/") ? "in any active pool" : "in pool \(pool)"
            throw RPCError(.notFound, "there is no image \(said) \(place); put it there, or give a URL")
        }
        if let record = found.record, !record.isReady {
            throw RPCError(.failedPrecondition, "the image \(said) is being brought by operation \(record.operation), and not whole yet")
        }
        guard ["qcow2", "raw"].contains(image.format) else {
            throw RPCError(.unimplemented, "the image \(said) is \(image.format); convert it to qcow2 (qemu-img convert -O qcow2)")
        }
        if let format = wanted.format?.lowercased(), format != image.format {
            throw RPCError(.failedPrecondition, "the image \(said) is \(image.format), and the request says \(format)")
        }
        return image
    }

    /// nil when there is none. A pool that knows nothing of a new file is asked to look again.
    private static func volume(_ connection: LibvirtConnection, _ said: String, pool name: String) throws(LibvirtError) -> LibvirtVolume? {
        for isFresh in [false, true] {
            if said.hasPrefix("/") {
                if isFresh { try refresh(connection, folder: String(said[..<(said.lastIndex(of: "/") ?? said.endIndex)])) }
                do throws(LibvirtError) {
                    return try connection.volume(path: said)
                } catch  where error.kind == .noStorageVolume {
                    continue
                }
            }
            let pool = try Storage.pool(connection, name)
            if isFresh { try? pool.refresh() }
            for ending in ["", ".qcow2", ".img", ".raw"] { if let volume = try Storage.volume(pool, said + ending) { return volume } }
        }
        return nil
    }

    private static func refresh(_ connection: LibvirtConnection, folder: String) throws(LibvirtError) {
        for pool in try connection.pools() where try pool.isActive() {
            let text = try pool.xml()
            if text.contains("<path>\(folder)</path>") { try? pool.refresh() }
        }
    }

    static func record(_ pool: LibvirtPool, _ image: String) throws(LibvirtError) -> ImageRecord? {
        guard !pool.connection.isTestDriver, let volume = try Storage.volume(pool, image + ImageRecord.suffix) else { return nil }
        return ImageRecord(try Storage.read(volume, limit: ImageRecord.limitBytes))
    }

    // MARK: verifying

    /// Compares an image's bytes with a checksum, and writes down what was found. Errors: `failedPrecondition` with both.
    func verify(_ image: Image, _ checksum: Checksum, source: String, _ report: @escaping Report) async throws(RPCError) {
        let (pool, name) = (image.pool, image.name)
        let known = try await hypervisor.look("read what is known of the image \(name)") { connection throws(LibvirtError) in
            try Self.record(connection.pool(named: pool), name)?.digests[checksum.algorithm.rawValue]
        }
        if let known { return try Self.compare(known, checksum, "the image \(name) in pool \(pool)") }
        let (digests, bytes) = try await hypervisor.haul("read the image \(name) in pool \(pool)") {
            connection throws(LibvirtError) -> ([String: String], Int) in
            let stream = try connection.pool(named: pool).volume(named: name).download()
            var digests = Digests([checksum.algorithm])
            var bytes = 0
            while true {
                let piece = try stream.receive()
                if piece.isEmpty { break }
                digests.add(piece)
                bytes += piece.count
            }
            try stream.finish()
            return (digests.hex(), bytes)
        }
        await report(UInt64(bytes), UInt64(bytes))
        guard let found = digests[checksum.algorithm.rawValue] else {
            throw RPCError(.unimplemented, "\(checksum.algorithm.rawValue) cannot be computed here; give sha256 or sha512")
        }
        try Self.compare(found, checksum, "the image \(name) in pool \(pool)")
        let record = ImageRecord(isReady: true, operation: "", source: source, format: image.format, bytes: bytes, digests: digests)
        // Where it cannot be written, it is read again next time.
        _ = try? await hypervisor.act("write down what is known of the image \(name)") { connection throws(LibvirtError) in
            try Storage.write(connection, pool: pool, name: name + ImageRecord.suffix, record.json).path
        }
    }

    static func compare(_ found: String, _ checksum: Checksum, _ what: String) throws(RPCError) {
        guard found != checksum.hex else { return }
        throw RPCError(
            .failedPrecondition,
            "\(what) has \(checksum.algorithm.rawValue) \(found), and \(checksum.hex) was expected; it is another image, or was changed on its way"
        )
    }
}
