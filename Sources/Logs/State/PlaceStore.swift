package import Primitives
import Synchronization

/// The file of places, for one process at a time.
package final class PlaceStore: Sendable {
    private let file: String
    private let lock: FileLock
    private let state: Mutex<Places>
    /// One shipper after the other: after a reload the next goes on where the last one ended.
    let turn = AsyncSemaphore(limit: 1)

    /// Errors: the folder cannot be made or written, belongs to another process, or holds what cannot be read.
    package init(_ folder: String) throws(Failure) {
        do {
            try Files.makeDirectory(folder, mode: 0o700)
        } catch {
            throw Failure(error.code, "logs.state_dir: \(error.message); it is where martlet logs remembers what Loki has stored")
        }
        // Where others may write, they decide what is believed to be stored, and what the lock is.
        guard Files.isOurs(folder) else {
            throw Failure(
                .environment,
                "logs.state_dir: \(folder) belongs to another user, or everybody may write it; take a folder that is yours alone")
        }
        file = folder + "/places.json"
        lock = try FileLock(folder + "/lock") { holder in
            Failure(
                .environment,
                "\(folder) is in use by another martlet logs\(holder.isEmpty ? "" : ", process \(holder)"); stop that one or choose another logs.state_dir"
            )
        }
        let places = Files.exists(file) ? try Places(reading: try Files.read(file, regularOnly: true), of: file) : Places()
        state = Mutex(places)
        // What cannot be written is to show now, and not after the first lines were sent.
        try Files.writeDurably(places.written, to: file)
    }

    var places: Places { state.withLock { $0 } }

    /// Notes how far Loki has everything, and waits until the disk has that.
    func save(_ changes: [SourcePlace]) async throws(Failure) {
        let written = state.withLock { places in
            for change in changes { places.take(change) }
            return places.written
        }
        try await write(written)
    }

    /// Forgets containers that are no more, but for some that wrote last: one that has stopped may be started again. The disk does so along with the
    /// next lines.
    func keep(containers ids: Set<String>) {
        state.withLock { places in
            let others = places.containers.filter { !ids.contains($0.key) }
            guard others.count > Self.othersLimit else { return }
            let old = others.sorted { $0.value.time > $1.value.time }.dropFirst(Self.othersLimit / 2)
            for (id, _) in old { places.containers[id] = nil }
        }
    }

    private static let othersLimit = 1000

    /// On a thread of its own: a disk may take its time.
    private func write(_ bytes: [UInt8]) async throws(Failure) {
        let answer = OneAnswer<Failure?>()
        let file = file
        try Thread.start("logs-state") {
            do throws(Failure) {
                try Files.writeDurably(bytes, to: file)
                answer.give(nil)
            } catch {
                answer.give(error)
            }
        }
        if let failure = await answer.value { throw failure }
    }
}
