import LibvirtAPI
import Primitives
import ProviderRPC
import ProviderTasks
import RPC

/// Images that first disks are made from: found in a pool, or brought there.
///
/// Images that are brought have names of their own kind, which end in `.img` as no disk's name does, and a record beside them. What no machine has, and
/// somebody put into a pool, may be an image too, and is never replaced.
struct ImageStore: Sendable {
    let hypervisor: Hypervisor
    let locks: ImageLocks
    /// Operations that are not over, for who asks outside of one.
    var unfinished: @Sendable () -> [Operation] = { [] }

    /// The same for anybody: those of a life before this one go on before there is a provider to be asked.
    var operations: @Sendable () -> [Operation] {
        guard let context = OperationInHand.context else { return unfinished }
        return { context.liveOperations }
    }

    typealias Report = @Sendable (_ done: UInt64, _ total: UInt64?) async -> Void

    /// The image that a request means, held for the operation until `locks.release`; one with a URL is brought first.
    ///
    /// Errors: `notFound`; `failedPrecondition` for another checksum or format than the request says; `unimplemented` for other hypervisors' images.
    func image(_ wanted: VMImage, pool: String, operation: String, report: @escaping Report) async throws(RPCError) -> Image {
        try Self.check(wanted)
        var wanted = wanted
        for _ in 0..<3 {
            let image: Image
            if wanted.url != nil {
                let name = try Self.name(wanted, targetName: "")
                image = try await prepare(wanted, pool: pool, name: name, operation: operation, report: report)
                // What was asked for once was done.
                wanted.force = false
            } else {
                image = try await findVerified(wanted, pool: pool, report)
            }
            if try await hold(image, for: operation) { return image }
        }
        throw RPCError(.aborted, "the image is replaced again and again while a disk shall be made of it; try again")
    }

    /// Keeps an image from being replaced as long as an operation makes its disk. False when it is not any more what it was.
    func hold(_ image: Image, for operation: String) async throws(RPCError) -> Bool {
        try await locks.withLock("use \(image.key)") { () throws(RPCError) in
            let isAsItWas = try await hypervisor.look("look at the image \(image.name)", seconds: 60) { connection throws(LibvirtError) in
                let pool = try connection.pool(named: image.pool)
                guard let volume = try Storage.volume(pool, image.volume) else { return false }
                if let record = try Self.record(pool, image.name), !record.isReady || Self.volume(record, image.name) != image.volume {
                    return false
                }
                try DiskTrust.check(try VolumeView(volume), format: image.format)
                return true
            }
            if isAsItWas { locks.hold(image.key, for: operation) }
            return isAsItWas
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
        if let url = wanted.url, !(mayBeFile && url.hasPrefix("file://")) { try ImageURL.check(url, "image") }
        if !mayBeFile, let url = wanted.url, !["http://", "https://"].contains(where: url.lowercased().hasPrefix) {
            throw RPCError(.invalidArgument, "image: the URL \(ImageURL.shown(url)) is neither http nor https")
        }
        guard wanted.storage?.utf8.count ?? 0 <= 255 else {
            throw RPCError(.invalidArgument, "image: the name of its pool is longer than 255 bytes")
        }
        if let format = wanted.format?.lowercased(), !DiskFormat.known.contains(format) {
            throw RPCError(.unimplemented, "image: format \(format) is not taken; convert it to qcow2 (qemu-img convert -O qcow2)")
        }
    }

    // MARK: finding

    /// One that is there by its path, or its name.
    func find(_ wanted: VMImage, pool: String) async throws(RPCError) -> Image {
        guard let said = wanted.path ?? wanted.templateName else {
            throw RPCError(.invalidArgument, "image: names neither a path nor a volume nor a URL")
        }
        let pool = wanted.storage ?? pool
        let file = said.split(separator: "/").last.map(String.init) ?? ""
        guard !file.hasSuffix(ImageRecord.suffix), !Self.isPart(file) else {
            throw RPCError(.failedPrecondition, "\(said) belongs to an image, and is none itself; name the image")
        }
        let (pools, operations) = (hypervisor.settings.imagePools, operations)
        let found = try await hypervisor.look("find the image \(said)", seconds: 60) { connection throws(LibvirtError) in
            try Self.seek(connection, said, pool: pool)?.inspected(VolumeUse(connection, operations: operations), pools: pools)
        }
        guard let found else {
            let place = said.hasPrefix("/") ? "in any active pool" : "in pool \(pool)"
            throw RPCError(.notFound, "there is no image \(said) \(place); put it there, or give a URL")
        }
        if let refusal = found.refusal { throw refusal }
        if let format = wanted.format?.lowercased(), format != found.image.format {
            throw RPCError(.failedPrecondition, "the image \(said) is \(found.image.format), and the request says \(format)")
        }
        return found.image
    }

    /// The same, and its bytes are read where it is not known of them that they are what the request says.
    func findVerified(_ wanted: VMImage, pool: String, _ report: @escaping Report) async throws(RPCError) -> Image {
        let image = try await find(wanted, pool: pool)
        guard let checksum = wanted.checksum, wanted.validatesChecksum else { return image }
        try await locks.withLock("bring \(image.key)") { () throws(RPCError) in try await verify(image, checksum, source: "", report) }
        return image
    }

    /// nil when there is none. A pool that knows nothing of a new file is asked to look again.
    private static func seek(_ connection: LibvirtConnection, _ said: String, pool name: String) throws(LibvirtError) -> Candidate? {
        for isFresh in [false, true] {
            if said.hasPrefix("/") {
                if isFresh { try refresh(connection, folder: String(said[..<(said.lastIndex(of: "/") ?? said.endIndex)])) }
                // Its bytes may be in a volume of another name, which the record tells.
                for path in [said, said + ImageRecord.suffix] {
                    guard let volume = try volume(connection, path: path) else { continue }
                    let name = path == said ? volume.name : String(volume.name.dropLast(ImageRecord.suffix.count))
                    if let found = try candidate(Storage.filePool(connection, volume.pool().name), name) { return found }
                }
            }
            let pool = try Storage.filePool(connection, name)
            if isFresh { try? pool.refresh() }
            for ending in ["", ".qcow2", ".img", ".raw"] { if let found = try candidate(pool, said + ending) { return found } }
        }
        return nil
    }

    private static func volume(_ connection: LibvirtConnection, path: String) throws(LibvirtError) -> LibvirtVolume? {
        do throws(LibvirtError) {
            return try connection.volume(path: path)
        } catch  where error.kind == .noStorageVolume {
            return nil
        }
    }

    private static func refresh(_ connection: LibvirtConnection, folder: String) throws(LibvirtError) {
        for pool in try connection.pools() where try pool.isActive() {
            let text = try pool.xml()
            if text.contains("<path>\(folder)</path>") { try? pool.refresh() }
        }
    }

    // MARK: verifying

    /// Compares with a checksum what is known of an image, and reads nothing; false when that is not known. Errors: `failedPrecondition` with both.
    func isVerified(_ image: Image, _ checksum: Checksum) async throws(RPCError) -> Bool {
        guard let known = try await known(image).record?.digests[checksum.algorithm.rawValue] else { return false }
        try Self.compare(known, checksum, "the image \(image.name) in pool \(image.pool)")
        return true
    }

    private func known(_ image: Image) async throws(RPCError) -> (record: ImageRecord?, modified: String) {
        let found: Known = try await hypervisor.look("read what is known of the image \(image.name)") { connection throws(LibvirtError) in
            let pool = try connection.pool(named: image.pool)
            return Known(record: try Self.record(pool, image.name), modified: try VolumeView(pool.volume(named: image.volume)).modified)
        }
        return (found.record, found.modified)
    }

    private struct Known: Sendable {
        let record: ImageRecord?
        let modified: String
    }

    /// Compares an image's bytes with a checksum, and writes down what was found, so that they are not read again for who expects something else of them.
    ///
    /// Errors: `failedPrecondition` with both.
    func verify(_ image: Image, _ checksum: Checksum, source: String, _ report: @escaping Report) async throws(RPCError) {
        let (pool, name) = (image.pool, image.name)
        let known = try await known(image)
        let old = known.record
        if let known = old?.digests[checksum.algorithm.rawValue] {
            return try Self.compare(known, checksum, "the image \(name) in pool \(pool)")
        }
        let (digests, bytes) = try await hypervisor.haul("read the image \(name) in pool \(pool)") {
            connection throws(LibvirtError) -> ([String: String], Int) in
            let stream = try connection.pool(named: pool).volume(named: image.volume).download()
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
        // Of one that somebody else had put there no operation is known: it is not ours to replace.
        var record = old ?? ImageRecord(isReady: true, operation: "", source: source, format: image.format, bytes: bytes, digests: [:])
        record.digests.merge(digests) { $1 }
        if record.operation.isEmpty { (record.modified, record.bytes) = (known.modified, bytes) }
        // Where it cannot be written, it is read again next time.
        try? await write(record, pool, name)
        try Self.compare(found, checksum, "the image \(name) in pool \(pool)")
    }

    static func compare(_ found: String, _ checksum: Checksum, _ what: String) throws(RPCError) {
        guard found != checksum.hex else { return }
        throw RPCError(
            .failedPrecondition,
            "\(what) has \(checksum.algorithm.rawValue) \(found), and \(checksum.hex) was expected; it is another image, or was changed on its way"
        )
    }
}
