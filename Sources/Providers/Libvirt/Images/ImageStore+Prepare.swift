import LibvirtAPI
import Primitives
import ProviderRPC
import RPC

extension ImageStore {
    /// What there is under a name.
    private struct Found: Sendable {
        var image: Image?
        /// Why it is not to be used as it is.
        var refusal: RPCError?
        var record: ImageRecord?
        /// Why a volume of that name is no image, whatever it is.
        var isTaken: String?

        /// Whether an operation of ours brought it, or began to.
        var isOurs: Bool { image == nil || record?.operation.isEmpty == false }
    }

    private func look(_ pool: String, _ name: String) async throws(RPCError) -> Found {
        let pools = hypervisor.settings.imagePools
        let operations = operations
        return try await hypervisor.look("look for the image \(name) in pool \(pool)", seconds: 60) { connection throws(LibvirtError) in
            let place = try Storage.filePool(connection, pool)
            let path = "\((try? Storage.folder(place)) ?? "")/\(name)"
            var found = Found(record: try Self.record(place, name))
            let use = try VolumeUse(connection, operations: operations)
            found.isTaken = use.refusal(path, pool: pool, name: name)
            guard let candidate = try Self.candidate(place, name) else { return found }
            let inspected = try candidate.inspected(use, pools: pools)
            (found.image, found.refusal) = (inspected.image, inspected.refusal)
            return found
        }
    }

    /// The image if it is there and whole and what is wanted; nil when it has to be brought. Reads only an image's head, so it answers at once.
    ///
    /// - Parameter operation: that asks; what it has brought itself it need not bring again.
    /// Errors: `failedPrecondition` when something else has the name, or the image is not any more what was brought.
    func ready(_ wanted: VMImage, pool: String, name: String, operation: String = "") async throws(RPCError) -> Image? {
        try Self.ready(wanted, pool, name, operation, await look(pool, name))
    }

    private static func ready(
        _ wanted: VMImage, _ pool: String, _ name: String, _ operation: String, _ found: Found
    ) throws(RPCError) -> Image? {
        guard let image = found.image, let record = found.record, record.isReady else { return nil }
        guard !wanted.force || !operation.isEmpty && record.operation == operation else { return nil }
        if let checksum = wanted.checksum, wanted.validatesChecksum {
            guard let known = record.digests[checksum.algorithm.rawValue] else { return nil }
            try compare(known, checksum, "the image \(name) in pool \(pool)")
        } else if let url = wanted.url,
            record.identity.isEmpty ? record.source != ImageURL.shown(url) : record.identity != identity(wanted)
        {
            throw otherSource(name, pool, record)
        }
        if let refusal = found.refusal { throw refusal }
        return image
    }

    private static func otherSource(_ name: String, _ pool: String, _ record: ImageRecord?) -> RPCError {
        let source = record.map { $0.source.isEmpty ? nil : $0.source } ?? nil
        let words = source.map { "came from \($0), or from there with another query or other headers" } ?? "was put there by somebody"
        return RPCError(
            .failedPrecondition, "pool \(pool) has an image \(name) that \(words); give its checksum, choose another name or say force")
    }

    /// Brings an image from its URL into a pool, unless it is there. What is not whole, or is not what was expected, does not stay; and what was there
    /// before stays until the new one is whole.
    ///
    /// - Parameter mayBeFile: of one whose place was checked by who asks.
    func prepare(
        _ wanted: VMImage, pool: String, name: String, operation: String, mayBeFile: Bool = false, report: @escaping Report
    ) async throws(RPCError) -> Image {
        try Self.check(wanted, mayBeFile: mayBeFile)
        guard let url = wanted.url else { throw RPCError(.invalidArgument, "image: has no URL to bring it from") }
        let pool = wanted.storage ?? pool
        let key = try await key(pool, name)
        return try await locks.withLock("bring \(key)") { () throws(RPCError) in
            let found = try await look(pool, name)
            if let isTaken = found.isTaken { throw RPCError(.failedPrecondition, isTaken) }
            if let image = try Self.ready(wanted, pool, name, operation, found) { return image }
            if let image = found.image, found.record?.isReady != false, !wanted.force {
                // Somebody put it there, or its digest of this kind is not known yet.
                guard let checksum = wanted.checksum, wanted.validatesChecksum else { throw Self.otherSource(name, pool, found.record) }
                if let refusal = found.refusal { throw refusal }
                try await verify(image, checksum, source: "", report)
                return image
            }
            guard found.isOurs else {
                throw RPCError(
                    .failedPrecondition,
                    "volume \(name) of pool \(pool) was put there by somebody, and is not replaced; remove it there, or choose another name"
                )
            }
            let isReplaced = found.image != nil && found.record?.isReady == true
            if let image = found.image, isReplaced { try await refuseUsed(image, operation) }
            do throws(RPCError) {
                return try await bring(wanted, url, pool, name, operation, isReplaced ? found.image : nil, report)
            } catch {
                // In a task of its own, as this one may have been cancelled.
                await Task { try? await remove(pool: pool, name: name, ofOperation: operation) }.value
                throw error
            }
        }
    }

    /// One that disks stand upon, or are being made of, must stay as it is.
    private func refuseUsed(_ image: Image, _ operation: String) async throws(RPCError) {
        if let other = locks.holder(of: image.key, beside: operation) {
            throw RPCError(
                .failedPrecondition, "operation \(other) makes a disk of the image \(image.name); it must stay as it is, try again later")
        }
        let operations = operations
        let users = try await hypervisor.look("look who uses the image \(image.name)", seconds: 60) { connection throws(LibvirtError) in
            try VolumeUse(connection, operations: operations).check(image.path, pool: image.pool, name: image.volume)
            return try Storage.standing(connection, on: image.path)
        }
        guard users.isEmpty else {
            throw RPCError(
                .failedPrecondition,
                "\(users.count) disks stand upon the image \(image.name) (\(users.prefix(3).joined(separator: ", "))); it must stay as it is"
            )
        }
    }

    /// Fewer than there are places for what moves bytes: slow servers must not keep copies of what is there from being made.
    private static let mostDownloads = 4

    /// - Parameter old: that it shall take the place of; it stays as it is until the new one is whole.
    private func bring(
        _ wanted: VMImage, _ url: String, _ pool: String, _ name: String, _ operation: String, _ old: Image?, _ report: @escaping Report
    ) async throws(RPCError) -> Image {
        let part = old == nil ? name : Self.part(name, operation)
        var record = ImageRecord(
            isReady: false, operation: operation, source: ImageURL.shown(url), volume: old == nil ? "" : part,
            identity: Self.identity(wanted), format: wanted.format ?? "", bytes: 0, digests: [:])
        if old == nil { try await write(record, pool, name) }
        let download = ImageDownload(
            hypervisor: hypervisor, url: url, headers: wanted.headers, format: wanted.format,
            algorithms: wanted.checksum.map { [$0.algorithm] } ?? [],
            pool: pool, volume: part)
        let outcome = try await locks.withLock("a download", places: Self.mostDownloads) { () throws(RPCError) in
            try await download.run(report: report)
        }
        if let checksum = wanted.checksum, wanted.validatesChecksum {
            guard let found = outcome.digests[checksum.algorithm.rawValue] else {
                throw RPCError(.unimplemented, "\(checksum.algorithm.rawValue) cannot be computed here; give sha256 or sha512")
            }
            try Self.compare(found, checksum, "the image \(ImageURL.shown(url))")
        }
        record.isReady = true
        record.format = outcome.format.name
        record.bytes = Int(clamping: outcome.bytes)
        record.digests = outcome.digests
        if let old { try await exchange(old, record, operation) } else { try await write(record, pool, name) }
        guard let image = try await look(pool, name).image else {
            throw RPCError(.internal, "the image \(name) is not in pool \(pool) any more")
        }
        return Image(
            pool: pool, name: name, volume: image.volume, path: image.path, format: outcome.format.name,
            capacityBytes: max(image.capacityBytes, outcome.format.capacityBytes ?? outcome.bytes))
    }

    /// Puts the new image in the old one's place: from the record on it is the image.
    private func exchange(_ old: Image, _ record: ImageRecord, _ operation: String) async throws(RPCError) {
        try await locks.withLock("use \(old.key)") { () throws(RPCError) in
            // Since the last look somebody may have made a disk upon it.
            try await refuseUsed(old, operation)
            try await write(record, old.pool, old.name)
            let (pool, name, operations) = (old.pool, old.name, operations)
            // What lies about of lives before this one goes too.
            _ = try? await hypervisor.act("remove the image that \(name) was") { connection throws(LibvirtError) in
                let use = try VolumeUse(connection, operations: operations)
                for volume in try connection.pool(named: pool).volumes()
                where Self.isLeft(volume.name, by: record, old: old) {
                    let path = try volume.path()
                    guard use.refusal(path, pool: pool, name: volume.name) == nil,
                        try Storage.standing(connection, on: path).isEmpty
                    else { continue }
                    try volume.delete()
                }
            }
        }
    }

    /// Whether a volume goes when another has taken its place: what the image was, and parts of it that operations have left. What else lies under the
    /// image's name was put there by somebody, after an exchange before this one had left the name free.
    static func isLeft(_ volume: String, by record: ImageRecord, old: Image) -> Bool {
        volume != record.volume && (volume == old.volume || isPart(volume, of: old.name))
    }

    /// Errors: `failedPrecondition` when something else has the record's name.
    func write(_ record: ImageRecord, _ pool: String, _ name: String) async throws(RPCError) {
        let doing = "write down what is known of the image \(name) in pool \(pool)"
        let file = name + ImageRecord.suffix
        try await locks.withLock("record \(try await key(pool, name))") { () throws(RPCError) in
            try await hypervisor.act(doing) { connection throws(LibvirtError) in
                if !connection.isTestDriver, let there = try Storage.volume(connection.pool(named: pool), file) {
                    let isSmall = try there.info().capacityBytes <= UInt64(ImageRecord.limitBytes)
                    guard isSmall, ImageRecord.isOurs(try Storage.read(there, limit: ImageRecord.limitBytes)) else {
                        throw LibvirtError(
                            .invalidState,
                            "volume \(file) was put there by somebody, and is not written over; remove it, or choose another name for the image"
                        )
                    }
                }
                try Storage.overwrite(connection, pool: pool, name: file, record.padded)
            }
        }
    }

    /// Of locks: where a pool's file is, as pools may share a folder.
    private func key(_ pool: String, _ name: String) async throws(RPCError) -> String {
        try await hypervisor.look("look for pool \(pool)") { connection throws(LibvirtError) in
            try Storage.folder(connection.pool(named: pool)) + "/" + name
        }
    }

    /// Removes what an operation did not bring to its end; an image that is whole stays, as others may use it. Nobody begins to bring it meanwhile: who
    /// does writes the record first, and then it is not this operation's any more.
    func remove(pool: String, name: String, ofOperation operation: String) async throws(RPCError) {
        let doing = "remove what is left of the image \(name) in pool \(pool)"
        try await locks.withLock("record \(try await key(pool, name))") { () throws(RPCError) in
            try await hypervisor.act(doing) { connection throws(LibvirtError) in
                let record = try Self.record(connection.pool(named: pool), name)
                let part = Self.part(name, operation)
                if record?.volume != part { try Storage.remove(connection, pool: pool, volume: part) }
                guard let record else { return try Self.removeBegun(connection, pool, name) }
                guard record.operation == operation, !record.isReady else { return }
                try Storage.remove(connection, pool: pool, volume: name)
                try Storage.remove(connection, pool: pool, volume: name + ImageRecord.suffix)
            }
        }
    }

    /// A record of no image yet that was given up before its first byte: nobody's by what it says, and in the way.
    private static func removeBegun(_ connection: LibvirtConnection, _ pool: String, _ name: String) throws(LibvirtError) {
        let place = try connection.pool(named: pool)
        guard !connection.isTestDriver, try Storage.volume(place, name) == nil,
            let begun = try Storage.volume(place, name + ImageRecord.suffix),
            ImageRecord.isOurs(try Storage.read(begun, limit: ImageRecord.limitBytes))
        else { return }
        try begun.delete()
    }
}
